"""PATCH /campaigns/{campaign_id}/steps/{step_id} — change some fields of a step."""

from leadflow.campaigns.schema import EmailSequenceStepUpdate
from leadflow.campaigns.service import steps
from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.entry.params import boolean


@endpoint(
    body=EmailSequenceStepUpdate,
    scope="campaigns:write",
    query={"dry_run": boolean()},
    returns="EmailSequenceStepEdit",
)
def handler(
    body: EmailSequenceStepUpdate, campaign_id: str, step_id: str, if_match: int | None, dry_run: bool | None
) -> Record:
    """`effects` says what that does to mails to come; `dry_run=true` says so only. A begun step is a conflict."""
    return steps.update_step(campaign_id, step_id, body, if_match, dry_run=bool(dry_run))
