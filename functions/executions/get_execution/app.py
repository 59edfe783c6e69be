"""GET /executions/{execution_id} — one run."""

from __future__ import annotations

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.workflows.service import executions


@endpoint(scope="workflows:read", returns="WorkflowExecution")
def handler(execution_id: str) -> Record:
    return executions.get(execution_id)
