"""POST /campaigns/{campaign_id}/retry-failed — send mails again that the provider refused."""

from leadflow.campaigns.service import launching
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(status=202, scope="campaigns:send", returns="EmailCampaign")
def handler(campaign_id: str) -> Record:
    """Each goes out once more, after the same gates; a completed campaign is active until that is done."""
    return launching.retry_failed(campaign_id)
