"""DELETE /campaigns/{campaign_id}/steps/{step_id} — remove a step."""

from leadflow.campaigns.service import steps
from leadflow.entry.api import endpoint


@endpoint(scope="campaigns:write", status=204)
def handler(campaign_id: str, step_id: str, if_match: int | None) -> None:
    """A step whose mails are going out, that another step's condition asks about, or that is the only one of an active
    campaign is a conflict."""
    steps.delete_step(campaign_id, step_id, if_match)
