"""GET /leads — leads by filters, newest first or by score."""

from typing import Any

from leadflow.entry import params
from leadflow.entry.api import endpoint
from leadflow.leads import enums, service

FILTERS = {
    "status": params.one_of(*enums.STATUSES),
    "source": params.one_of(*enums.SOURCES),
    "tag": params.text(100),
    "min_score": params.integer(0, 100),
    "email": params.text(254),
    "phone": params.text(40),
    "sort": params.one_of(*enums.SORTS),
}


@endpoint(scope="leads:read", query=FILTERS, page=True, returns="Lead")
def handler(limit: int, cursor: str | None, **filters: Any) -> dict[str, Any]:
    """All filters given must match. A page under a filter may be short and still have a next one."""
    return service.page(limit=limit, cursor=cursor, **filters)
