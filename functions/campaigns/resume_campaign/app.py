"""POST /campaigns/{campaign_id}/resume — go on with a paused campaign."""

from leadflow.campaigns.service import launching
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(status=200, scope="campaigns:send", returns="EmailCampaign")
def handler(campaign_id: str) -> Record:
    """Who had no turn yet gets it, each once; what was due meanwhile is due now."""
    return launching.resume(campaign_id)
