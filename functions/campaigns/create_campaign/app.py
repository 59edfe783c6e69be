"""POST /campaigns — start a draft of a campaign."""

from leadflow.campaigns.schema import EmailCampaignCreate
from leadflow.campaigns.service import campaigns
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(
    body=EmailCampaignCreate, status=201, scope="campaigns:write", returns="EmailCampaign", location="/campaigns/{id}"
)
def handler(body: EmailCampaignCreate, caller: dict[str, str]) -> Record:
    return campaigns.create_campaign(body, created_by=caller["key_id"])
