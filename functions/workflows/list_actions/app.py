"""GET /workflows/{workflow_id}/actions — all actions of the draft, each after its parent."""

from __future__ import annotations

from typing import Any

from leadflow.entry.api import endpoint
from leadflow.workflows.service import definitions


@endpoint(scope="workflows:read", page=True, returns="WorkflowAction")
def handler(workflow_id: str, limit: int, cursor: str | None) -> dict[str, Any]:
    return definitions.list_actions(workflow_id, limit, cursor)
