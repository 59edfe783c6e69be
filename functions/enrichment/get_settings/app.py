"""GET /enrichment-settings — what holds for all enrichment."""

from leadflow.core.table import Record
from leadflow.enrichment.service import preferences
from leadflow.entry.api import endpoint


@endpoint(scope="enrichment:read", returns="EnrichmentSettings")
def handler() -> Record:
    return preferences.get()
