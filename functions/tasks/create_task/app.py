"""POST /tasks — add a task."""

from leadflow.activities import service
from leadflow.activities.schema import TaskCreate
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(body=TaskCreate, status=201, scope="tasks:write", returns="Task", location="/tasks/{id}")
def handler(body: TaskCreate) -> Record:
    """A lead that is not there is refused; a task may also be about none."""
    return service.create_task(body)
