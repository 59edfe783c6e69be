"""POST /leads/{lead_id}/enrich — find out about a lead from sources, field by field, within budgets."""

from leadflow.core.table import Record
from leadflow.enrichment.schema import EnrichRequest
from leadflow.enrichment.service import requesting
from leadflow.entry.api import endpoint


@endpoint(
    body=EnrichRequest,
    status=202,
    scope="enrichment:write",
    returns="EnrichmentRun",
    location="/enrichment-runs/{id}",
)
def handler(lead_id: str, body: EnrichRequest) -> Record:
    """The run waits where a source asks to be asked later; GET /enrichment-runs/{run_id} tells how far it is."""
    return requesting.enrich(lead_id, body)
