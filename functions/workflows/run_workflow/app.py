"""POST /workflows/{workflow_id}/run — run the published version now."""

from __future__ import annotations

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.workflows.schema import RunRequest
from leadflow.workflows.service import starting


@endpoint(
    body=RunRequest,
    status=202,
    scope="workflows:write",
    returns="WorkflowExecution",
    location="/executions/{id}",
)
def handler(workflow_id: str, body: RunRequest) -> Record:
    return starting.run_now(workflow_id, body.lead_id, dict(body.data))
