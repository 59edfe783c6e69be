"""DELETE /campaigns/{campaign_id} — remove a campaign with its steps and numbers."""

from leadflow.campaigns.service import campaigns
from leadflow.entry.api import endpoint


@endpoint(scope="campaigns:write", status=204)
def handler(campaign_id: str, if_match: int | None) -> None:
    """One that is active or paused is a conflict, and so is one whose recipients an active or paused campaign excludes.
    It is gone at once, what was kept of its members within minutes. Its mails stay, also in the overview."""
    campaigns.delete_campaign(campaign_id, if_match)
