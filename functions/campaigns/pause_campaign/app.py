"""POST /campaigns/{campaign_id}/pause — hold an active campaign."""

from leadflow.campaigns.service import launching
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(status=200, scope="campaigns:write", returns="EmailCampaign")
def handler(campaign_id: str) -> Record:
    """No batch begins any more; one that has begun is ended."""
    return launching.pause(campaign_id)
