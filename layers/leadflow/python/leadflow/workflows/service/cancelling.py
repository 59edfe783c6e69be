"""Ending a run before its end."""

from __future__ import annotations

from leadflow.core import clock, due, table
from leadflow.core.errors import Conflict
from leadflow.core.table import Record
from leadflow.workflows import store
from leadflow.workflows.service import waiting

_TRIES = 5


def cancel(execution_id: str) -> Record:
    """Ends a run that has not ended, also while it waits; what was done stays done. Raises NotFound, Conflict."""
    for _ in range(_TRIES):
        execution = store.load_execution(execution_id)
        if execution.status != "running":
            raise Conflict(f"Execution {execution_id} is {execution.status} already.", execution_id)
        execution.status, execution.completed_at = "cancelled", clock.now_stamp()
        execution.lease_until = execution.wake_at = None
        due.clear(execution)
        try:
            table.save(execution)
        except table.Stale:
            continue
        waiting.end(execution)
        return execution.record()
    raise Conflict(f"Execution {execution_id} is moving too fast to be cancelled just now; try again.", execution_id)
