"""GET /tasks — tasks by filters, newest first."""

from typing import Any

from leadflow.activities import enums, service
from leadflow.entry import params
from leadflow.entry.api import endpoint

FILTERS = {
    "status": params.one_of(*enums.TASK_STATUSES),
    "lead_id": params.text(64),
    "assigned_to": params.text(enums.MAX_ASSIGNEE),
}


@endpoint(scope="tasks:read", query=FILTERS, page=True, returns="Task")
def handler(limit: int, cursor: str | None, **filters: Any) -> dict[str, Any]:
    """All filters given must match. A page under a filter may be short and still have a next one."""
    return service.list_tasks(limit=limit, cursor=cursor, **filters)
