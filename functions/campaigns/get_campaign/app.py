"""GET /campaigns/{campaign_id} — one campaign with its counts."""

from leadflow.campaigns.service import campaigns
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(scope="campaigns:read", returns="EmailCampaign")
def handler(campaign_id: str) -> Record:
    return campaigns.get_campaign(campaign_id)
