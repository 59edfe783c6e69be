"""POST /executions/{execution_id}/cancel — end a run, also while it waits."""

from __future__ import annotations

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.workflows.service import cancelling


@endpoint(scope="workflows:write", returns="WorkflowExecution")
def handler(execution_id: str) -> Record:
    return cancelling.cancel(execution_id)
