"""GET /leads/{lead_id}/enrichments — what sources have said about a lead, newest first."""

from typing import Any

from leadflow.enrichment.service import records
from leadflow.entry.api import endpoint


@endpoint(scope="enrichment:read", page=True, returns="LeadEnrichment")
def handler(lead_id: str, limit: int, cursor: str | None) -> dict[str, Any]:
    return records.page(lead_id, limit=limit, cursor=cursor)
