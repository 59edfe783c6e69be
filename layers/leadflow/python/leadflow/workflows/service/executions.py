"""Runs as people see them: lists and logs."""

from __future__ import annotations

from typing import Any

from leadflow.core import listing
from leadflow.core.table import Record
from leadflow.workflows import store


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
