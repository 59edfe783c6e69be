"""GET /enrichment-sources/{name} — one source, without its key."""

from leadflow.core.table import Record
from leadflow.enrichment.service import sources
from leadflow.entry.api import endpoint


@endpoint(scope="enrichment:read", returns="EnrichmentSource")
def handler(name: str) -> Record:
    return sources.get(name)
