"""DELETE /workflows/{workflow_id} — remove it with its triggers, actions and versions."""

from __future__ import annotations

from leadflow.entry.api import endpoint
from leadflow.workflows.service import retiring


@endpoint(scope="workflows:write", status=204)
def handler(workflow_id: str, if_match: int | None) -> None:
    """Refused (409) while it is active or runs are under way. The records of its runs stay with their leads."""
    retiring.delete(workflow_id, if_match)
