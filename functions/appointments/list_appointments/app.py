"""GET /appointments — appointments by filters, newest first."""

from typing import Any

from leadflow.activities import enums, service
from leadflow.entry import params
from leadflow.entry.api import endpoint

FILTERS = {
    "status": params.one_of(*enums.APPOINTMENT_STATUSES),
    "lead_id": params.text(64),
    "assigned_to": params.text(enums.MAX_ASSIGNEE),
    "from": params.moment(),
    "to": params.moment(),
}


@endpoint(scope="appointments:read", query=FILTERS, page=True, returns="Appointment")
def handler(limit: int, cursor: str | None, **filters: Any) -> dict[str, Any]:
    """With `from` (included) or `to` (excluded) by `scheduled_at`, latest first, unless it is a list of one lead."""
    return service.list_appointments(limit=limit, cursor=cursor, **filters)
