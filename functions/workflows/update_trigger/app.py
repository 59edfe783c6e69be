"""PATCH /workflows/{workflow_id}/triggers/{trigger_id} — change what is given."""

from __future__ import annotations

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.workflows.schema import WorkflowTriggerUpdate
from leadflow.workflows.service import editing


@endpoint(body=WorkflowTriggerUpdate, scope="workflows:write", returns="WorkflowTrigger")
def handler(workflow_id: str, trigger_id: str, body: WorkflowTriggerUpdate, if_match: int | None) -> Record:
    """What is in force stays as it is until the workflow is activated again."""
    return editing.update_trigger(workflow_id, trigger_id, body, if_match)
