"""Runs as people see them: lists, logs, and cancelling."""

from __future__ import annotations

from typing import Any

from leadflow.core import clock, due, listing, table
from leadflow.core.errors import Conflict
from leadflow.core.table import Record
from leadflow.workflows import store
from leadflow.workflows.service import waiting

_CANCEL_TRIES = 5


def get(execution_id: str) -> Record:
    """One run. Raises NotFound."""
    return store.load_execution(execution_id).record()


def list_of_workflow(workflow_id: str, limit: int, cursor: str | None, status: str | None) -> dict[str, Any]:
    """The runs of a workflow, newest first. Raises NotFound."""
    store.load(workflow_id)
    return listing.page(
        store.WorkflowExecution,
        "GSI1",
        [f"WXW#{workflow_id}"],
        limit=limit,
        cursor=cursor,
        listing=f"executions/{workflow_id}?status={status}",
        keep=(lambda item: item.status == status) if status else None,
    )


def list_logs(execution_id: str, limit: int, cursor: str | None) -> dict[str, Any]:
    """One record per action, visit and attempt, in the order they ran. Raises NotFound."""
    store.load_execution(execution_id)
    return listing.children(
        store.ExecutionLog, f"WX#{execution_id}", "LOG#", limit=limit, cursor=cursor, newest_first=False
    )


def cancel(execution_id: str) -> Record:
    """Ends a run that has not ended, also while it waits; what was done stays done. Raises NotFound, Conflict."""
    for _ in range(_CANCEL_TRIES):
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
