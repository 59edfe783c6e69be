"""POST /enrichment/runs — find out about many leads as one job."""

from leadflow.core.table import Record
from leadflow.enrichment.schema import EnrichManyRequest
from leadflow.enrichment.service import jobs
from leadflow.entry.api import endpoint


@endpoint(
    body=EnrichManyRequest,
    status=202,
    scope="enrichment:write",
    returns="EnrichmentJob",
    location="/enrichment/runs/{id}",
)
def handler(body: EnrichManyRequest) -> Record:
    """Nothing it does costs more than `max_cost` in all."""
    return jobs.start(body)
