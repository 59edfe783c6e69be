"""GET /enrichment/runs/{job_id} — how far the enrichment of many leads is, with fill rate and cost by source."""

from leadflow.core.table import Record
from leadflow.enrichment.service import jobs
from leadflow.entry.api import endpoint


@endpoint(scope="enrichment:read", returns="EnrichmentJob")
def handler(job_id: str) -> Record:
    return jobs.get(job_id)
