"""POST /workflows/{workflow_id}/activate — check everything and publish a version."""

from __future__ import annotations

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.workflows.schema import Activation
from leadflow.workflows.service import publishing


@endpoint(body=Activation, scope="workflows:write", returns="Workflow")
def handler(workflow_id: str, body: Activation) -> Record:
    """From the moment this answers, every event that a trigger waits for starts a run.

    With `follow`, runs under way go on with this version from the action they stand at, at the latest when they wake;
    what they have done they do not do again.
    """
    return publishing.activate(workflow_id, body.running)
