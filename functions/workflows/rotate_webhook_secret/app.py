"""POST /workflows/{workflow_id}/webhook-secret/rotate — sign the workflow's webhooks with a new secret."""

from __future__ import annotations

from typing import Any

from leadflow.entry.api import endpoint
from leadflow.workflows.schema import SecretRotation
from leadflow.workflows.service import signing


@endpoint(body=SecretRotation, scope="workflows:write", returns="WebhookSecret", once_only=("secret",))
def handler(workflow_id: str, body: SecretRotation) -> dict[str, Any]:
    """From now on webhooks are signed with the new secret, for `grace_hours` also with the one before.

    A secret that was replaced before that one goes out of use at once.
    """
    return signing.rotate(workflow_id, body.grace_hours)
