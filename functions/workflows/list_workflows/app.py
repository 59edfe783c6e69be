"""GET /workflows — workflows, newest first."""

from __future__ import annotations

from typing import Any

from leadflow.entry.api import endpoint
from leadflow.entry.params import one_of
from leadflow.workflows.enums import WORKFLOW_STATUSES
from leadflow.workflows.service import definitions


@endpoint(scope="workflows:read", page=True, query={"status": one_of(*WORKFLOW_STATUSES)}, returns="Workflow")
def handler(limit: int, cursor: str | None, status: str | None) -> dict[str, Any]:
    return definitions.list_workflows(limit, cursor, status)
