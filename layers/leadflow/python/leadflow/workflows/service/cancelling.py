"""Ending a run before its end."""

from __future__ import annotations

from leadflow.core import table
from leadflow.core.errors import Conflict
from leadflow.core.table import Record
from leadflow.workflows import store
from leadflow.workflows.service import recovery, waiting

_TRIES = 5
_WHY = "The run was cancelled"


def cancel(execution_id: str) -> Record:
    """Ends a run that has not ended, also while it waits; what was done stays done. Raises NotFound, Conflict."""
    for _ in range(_TRIES):
        execution = store.load_execution(execution_id)
        if execution.status != "running":
            raise Conflict(f"Execution {execution_id} is {execution.status} already.", execution_id)
        try:
            recovery.end(execution, "cancelled", _WHY)
        except table.Stale:
            continue
        waiting.end(execution)
        return execution.record()
    raise Conflict(f"Execution {execution_id} is moving too fast to be cancelled just now; try again.", execution_id)


def tidy(execution: store.WorkflowExecution) -> None:
    """Ends the log of an action that began at the very moment its run was cancelled; safe to repeat."""
    logs = recovery.cut_short(execution, _WHY) if execution.status == "cancelled" else []
    if logs:
        table.save_together(logs)
