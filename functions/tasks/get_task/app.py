"""GET /tasks/{task_id} — one task."""

from leadflow.activities import service
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(scope="tasks:read", returns="Task")
def handler(task_id: str) -> Record:
    return service.get_task(task_id)
