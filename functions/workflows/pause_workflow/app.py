"""POST /workflows/{workflow_id}/pause — start no new runs."""

from __future__ import annotations

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.workflows.service import publishing


@endpoint(scope="workflows:write", returns="Workflow")
def handler(workflow_id: str) -> Record:
    """Runs that are under way go on to their end."""
    return publishing.pause(workflow_id)
