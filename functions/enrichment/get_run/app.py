"""GET /enrichment-runs/{run_id} — how far the enrichment of a lead is, and what it found."""

from leadflow.core.table import Record
from leadflow.enrichment.service import requesting
from leadflow.entry.api import endpoint


@endpoint(scope="enrichment:read", returns="EnrichmentRun")
def handler(run_id: str) -> Record:
    return requesting.get(run_id)
