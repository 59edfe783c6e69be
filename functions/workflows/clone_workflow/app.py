"""POST /workflows/{workflow_id}/clone — a draft that is a copy; also how a template is used."""

from __future__ import annotations

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.workflows.schema import WorkflowClone
from leadflow.workflows.service import cloning


@endpoint(
    body=WorkflowClone,
    status=201,
    scope="workflows:write",
    returns="WorkflowDetail",
    location="/workflows/{id}",
)
def handler(workflow_id: str, body: WorkflowClone, caller: dict[str, str]) -> Record:
    """Triggers and actions get new ids, and what refers to an action refers to its copy."""
    return cloning.clone(workflow_id, body.name, created_by=caller["key_id"])
