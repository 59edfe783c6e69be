"""PATCH /workflows/{workflow_id}/actions/{action_id} — change or move an action of the draft."""

from __future__ import annotations

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.workflows.schema import WorkflowActionUpdate
from leadflow.workflows.service import editing


@endpoint(body=WorkflowActionUpdate, scope="workflows:write", returns="WorkflowAction")
def handler(workflow_id: str, action_id: str, body: WorkflowActionUpdate, if_match: int | None) -> Record:
    """With another parent it moves, and what is below it too. Nothing that runs notices before the next activation."""
    return editing.update_action(workflow_id, action_id, body, if_match)
