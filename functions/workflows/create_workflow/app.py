"""POST /workflows — start a draft."""

from __future__ import annotations

from leadflow.core.table import Record
from leadflow.entry.api import endpoint
from leadflow.workflows.schema import WorkflowCreate
from leadflow.workflows.service import definitions


@endpoint(body=WorkflowCreate, status=201, scope="workflows:write", returns="Workflow", location="/workflows/{id}")
def handler(body: WorkflowCreate, caller: dict[str, str]) -> Record:
    return definitions.create(body, created_by=caller["key_id"])
