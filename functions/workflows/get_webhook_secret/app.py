"""GET /workflows/{workflow_id}/webhook-secret — what the workflow's webhooks are signed with."""

from leadflow.entry.api import endpoint
from leadflow.workflows.service import signing


@endpoint(scope="workflows:write", returns="WebhookSecret")
def handler(workflow_id: str) -> dict[str, str]:
    """It belongs to this workflow alone and never changes; a receiver checks `X-Leadflow-Signature` with it."""
    return signing.secret_of(workflow_id)
