"""GET /workflows/{workflow_id}/executions — runs of a workflow, newest first."""

from __future__ import annotations

from typing import Any

from leadflow.entry.api import endpoint
from leadflow.entry.params import one_of
from leadflow.workflows.enums import EXECUTION_STATUSES
from leadflow.workflows.service import executions


@endpoint(scope="workflows:read", page=True, query={"status": one_of(*EXECUTION_STATUSES)}, returns="WorkflowExecution")
def handler(workflow_id: str, limit: int, cursor: str | None, status: str | None) -> dict[str, Any]:
    return executions.list_of_workflow(workflow_id, limit, cursor, status)
