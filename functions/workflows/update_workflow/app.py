"""PATCH /workflows/{workflow_id} — change what is given."""

from __future__ import annotations

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.workflows.schema import WorkflowUpdate
from leadflow.workflows.service import definitions


@endpoint(body=WorkflowUpdate, scope="workflows:write", returns="Workflow")
def handler(workflow_id: str, body: WorkflowUpdate, if_match: int | None) -> Record:
    return definitions.update(workflow_id, body, if_match)
