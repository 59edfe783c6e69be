"""POST /enrichment/runs/{job_id}/stop — stop a job: none of its runs asks anybody from now on."""

from leadflow.core.table import Record
from leadflow.enrichment.service import jobs
from leadflow.entry.api import endpoint


@endpoint(scope="enrichment:write", returns="EnrichmentJob")
def handler(job_id: str) -> Record:
    """Calls under way still end, and are paid."""
    return jobs.stop(job_id)
