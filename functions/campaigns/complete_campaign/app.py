"""POST /campaigns/{campaign_id}/complete — end a campaign now."""

from leadflow.campaigns.service import launching
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(status=200, scope="campaigns:write", returns="EmailCampaign")
def handler(campaign_id: str) -> Record:
    """Who had no turn yet gets nothing: what they were still to get counts as skipped (`campaign_completed`) within
    minutes. Resume-rest takes that back."""
    return launching.complete(campaign_id)
