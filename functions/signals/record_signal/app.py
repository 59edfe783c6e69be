"""POST /leads/{lead_id}/signals — something a lead did."""

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.leads import service
from leadflow.leads.schema import IntentSignalCreate


@endpoint(
    body=IntentSignalCreate,
    status=201,
    scope="leads:write",
    returns="IntentSignal",
    location="/leads/{lead_id}/signals",
)
def handler(lead_id: str, body: IntentSignalCreate) -> Record:
    """The lead's score changes in the same transaction. Without `score_impact` the type's default counts."""
    return service.record_signal(lead_id, body)
