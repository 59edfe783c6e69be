"""PATCH /tasks/{task_id} — change some fields of a task."""

from leadflow.activities import service
from leadflow.activities.schema import TaskUpdate
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(body=TaskUpdate, scope="tasks:write", returns="Task")
def handler(task_id: str, body: TaskUpdate, if_match: int | None) -> Record:
    """Fields left out stay, null empties those that may be empty. A task stays with its lead."""
    return service.update_task(task_id, body, if_match)
