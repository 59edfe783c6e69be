"""GET /workflows/{workflow_id}/triggers — all triggers of the draft."""

from __future__ import annotations

from typing import Any

from leadflow.entry.api import endpoint
from leadflow.workflows.service import definitions


@endpoint(scope="workflows:read", page=True, returns="WorkflowTrigger")
def handler(workflow_id: str, limit: int, cursor: str | None) -> dict[str, Any]:
    return definitions.list_triggers(workflow_id, limit, cursor)
