"""GET /enrichment-sources — the sources, by priority."""

from typing import Any

from leadflow.enrichment.service import sources
from leadflow.entry.api import endpoint


@endpoint(scope="enrichment:read", page=True, returns="EnrichmentSource")
def handler(limit: int, cursor: str | None) -> dict[str, Any]:
    return sources.page(limit, cursor)
