"""PATCH /campaigns/{campaign_id} — change some fields of a campaign."""

from leadflow.campaigns.schema import EmailCampaignUpdate
from leadflow.campaigns.service import campaigns
from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.entry.params import boolean


@endpoint(body=EmailCampaignUpdate, scope="campaigns:write", query={"dry_run": boolean()}, returns="EmailCampaignEdit")
def handler(body: EmailCampaignUpdate, campaign_id: str, if_match: int | None, dry_run: bool | None) -> Record:
    """`effects` says what the change does to mails to come; `dry_run=true` says so and changes nothing.

    What was settled by the launch, a frozen audience, is a conflict.
    """
    return campaigns.update_campaign(campaign_id, body, if_match, dry_run=bool(dry_run))
