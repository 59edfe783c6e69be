"""POST /executions/{execution_id}/retry — go on with a run that failed or was cancelled."""

from __future__ import annotations

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.workflows.schema import RetryRequest
from leadflow.workflows.service import retrying


@endpoint(body=RetryRequest, status=202, scope="workflows:write", returns="WorkflowExecution")
def handler(execution_id: str, body: RetryRequest) -> Record:
    return retrying.retry(execution_id, body.version)
