"""DELETE /workflows/{workflow_id}/triggers/{trigger_id} — remove a trigger of the draft."""

from __future__ import annotations

from leadflow.entry.api import endpoint
from leadflow.workflows.service import editing


@endpoint(scope="workflows:write", status=204)
def handler(workflow_id: str, trigger_id: str, if_match: int | None) -> None:
    """It goes on starting runs until the workflow is activated again, paused or archived."""
    editing.delete_trigger(workflow_id, trigger_id, if_match)
