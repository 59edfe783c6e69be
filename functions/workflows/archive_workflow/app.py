"""POST /workflows/{workflow_id}/archive — put it away for good."""

from __future__ import annotations

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.workflows.service import publishing


@endpoint(scope="workflows:write", returns="Workflow")
def handler(workflow_id: str) -> Record:
    """No edits and no new runs any more; runs under way go on to their end. To work on, clone it."""
    return publishing.archive(workflow_id)
