"""GET /leads/export — leads by filters, as CSV."""

from typing import Any

from leadflow.entry import http, params
from leadflow.entry.api import endpoint
from leadflow.leads import enums
from leadflow.leads.service import exporting

WORDS = {"status": params.one_of(*enums.STATUSES), "source": params.one_of(*enums.SOURCES), "tag": params.text(100)}
ADDRESSES = {"email": params.text(254), "phone": params.text(40)}
FILTERS = {**WORDS, "min_score": params.integer(0, 100), **ADDRESSES}


@endpoint(scope="leads:read", query=FILTERS, produces="text/csv; charset=utf-8")
def handler(**filters: Any) -> http.Response:
    """Newest first, in the columns an import takes. Where that is over 4 MB the answer is 202 with an `export_id`."""
    made = exporting.export(filters)
    if isinstance(made, bytes):
        return http.attachment(made, "text/csv; charset=utf-8", "leads.csv")
    return http.begun({"export_id": made["id"], "status": made["status"]}, f"/exports/{made['id']}")
