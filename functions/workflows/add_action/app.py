"""POST /workflows/{workflow_id}/actions — add an action to the draft."""

from __future__ import annotations

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.workflows.schema import WorkflowActionCreate
from leadflow.workflows.service import definitions


@endpoint(
    body=WorkflowActionCreate,
    status=201,
    scope="workflows:write",
    returns="WorkflowAction",
    location="/workflows/{workflow_id}/actions/{id}",
)
def handler(workflow_id: str, body: WorkflowActionCreate) -> Record:
    """Runs that are under way keep the version they began with."""
    return definitions.add_action(workflow_id, body)
