"""GET /executions/{execution_id}/transcripts/{action_id} — what an agent was asked and answered."""

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.workflows.service import transcripts


@endpoint(scope="workflows:read", returns="Transcript")
def handler(execution_id: str, action_id: str) -> Record:
    """The whole conversation of one action of a run, with the tokens and the cost of each call."""
    return transcripts.get(execution_id, action_id)
