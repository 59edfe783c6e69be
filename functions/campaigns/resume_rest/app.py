"""POST /campaigns/{campaign_id}/resume-rest — send to all who had no turn yet."""

from leadflow.campaigns.service import launching
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(status=202, scope="campaigns:send", returns="EmailCampaign")
def handler(campaign_id: str) -> Record:
    """Of a campaign that was paused, or completed before its end."""
    return launching.resume_rest(campaign_id)
