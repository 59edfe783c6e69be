"""GET /workflows/{workflow_id}/webhook-secret — what the workflow's webhooks are signed with."""

from __future__ import annotations

from typing import Any

from leadflow.entry.api import endpoint
from leadflow.workflows.service import signing


@endpoint(scope="workflows:write", returns="WebhookSecret")
def handler(workflow_id: str) -> dict[str, Any]:
    """It belongs to this workflow alone; a receiver checks `X-Leadflow-Signature` with it.

    That is `t=<epoch seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">`, with a second `v1` while a secret that was
    replaced is still in use: one that fits is enough.
    """
    return signing.secret_of(workflow_id)
