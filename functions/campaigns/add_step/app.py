"""POST /campaigns/{campaign_id}/steps — add a step to a campaign."""

from leadflow.campaigns.schema import EmailSequenceStepCreate
from leadflow.campaigns.service import steps
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(
    body=EmailSequenceStepCreate,
    status=201,
    scope="campaigns:write",
    returns="EmailSequenceStepEdit",
    location="/campaigns/{campaign_id}/steps/{id}",
)
def handler(body: EmailSequenceStepCreate, campaign_id: str) -> Record:
    """A number that is taken, or that comes before a step whose mails are going out, is a conflict."""
    return steps.add_step(campaign_id, body)
