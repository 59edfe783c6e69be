"""GET /executions/{execution_id}/logs — every action of a run, in the order they ran."""

from __future__ import annotations

from typing import Any

from leadflow.entry.api import endpoint
from leadflow.workflows.service import executions


@endpoint(scope="workflows:read", page=True, returns="WorkflowExecutionLog")
def handler(execution_id: str, limit: int, cursor: str | None) -> dict[str, Any]:
    return executions.list_logs(execution_id, limit, cursor)
