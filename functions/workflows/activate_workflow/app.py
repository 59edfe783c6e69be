"""POST /workflows/{workflow_id}/activate — check everything and publish a version."""

from __future__ import annotations

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.workflows.service import publishing


@endpoint(scope="workflows:write", returns="Workflow")
def handler(workflow_id: str) -> Record:
    """From the moment this answers, every event that a trigger waits for starts a run."""
    return publishing.activate(workflow_id)
