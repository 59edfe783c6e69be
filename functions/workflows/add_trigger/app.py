"""POST /workflows/{workflow_id}/triggers — add a trigger to the draft."""

from __future__ import annotations

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.workflows.schema import WorkflowTriggerCreate
from leadflow.workflows.service import definitions


@endpoint(
    body=WorkflowTriggerCreate,
    status=201,
    scope="workflows:write",
    returns="WorkflowTrigger",
    location="/workflows/{workflow_id}/triggers/{id}",
)
def handler(workflow_id: str, body: WorkflowTriggerCreate) -> Record:
    """It starts nothing until the workflow is activated again."""
    return definitions.add_trigger(workflow_id, body)
