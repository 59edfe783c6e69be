"""GET /workflows/{workflow_id} — one workflow with its triggers and action tree."""

from __future__ import annotations

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.workflows.service import definitions


@endpoint(scope="workflows:read", returns="WorkflowDetail")
def handler(workflow_id: str) -> Record:
    return definitions.get(workflow_id)
