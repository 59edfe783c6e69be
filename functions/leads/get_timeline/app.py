"""GET /leads/{lead_id}/timeline — all that happened to a lead, newest first."""

from typing import Any

from leadflow.entry import params
from leadflow.entry.api import endpoint
from leadflow.leads import enums
from leadflow.leads.service import timeline


@endpoint(scope="leads:read", page=True, returns="TimelineItem", query={"kind": params.one_of(*enums.TIMELINE_KINDS)})
def handler(lead_id: str, limit: int, cursor: str | None, kind: str | None) -> dict[str, Any]:
    """Signals, mails, changes of status and runs in one list, each with its record."""
    return timeline.page(lead_id, limit=limit, cursor=cursor, kind=kind)
