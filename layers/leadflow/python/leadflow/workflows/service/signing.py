"""Signatures of webhooks: a secret per workflow, derived from the installation's own, so nothing has to be kept."""

from __future__ import annotations

import hashlib
import hmac

from leadflow.core import secrets
from leadflow.workflows import rules_outbound, store


def secret_of(workflow_id: str) -> dict[str, str]:
    """What a receiver checks a workflow's webhooks with. Raises NotFound."""
    store.load(workflow_id)
    return {"workflow_id": workflow_id, "secret": _secret(workflow_id)}


def signature(workflow_id: str, timestamp: int, body: bytes) -> str:
    """The value of X-Leadflow-Signature: the time and HMAC-SHA256 over time and body, in hexadecimal."""
    signed = rules_outbound.signed_text(timestamp, body)
    return f"t={timestamp},v1={hmac.new(_secret(workflow_id).encode(), signed, hashlib.sha256).hexdigest()}"


def _secret(workflow_id: str) -> str:
    return "whsec_" + secrets.keyed_hash("webhook signature", workflow_id)
