"""Signatures of webhooks: a secret per workflow, derived from the installation's own, so nothing has to be kept.

What led to a webhook goes along signed as well, so that one that comes back to a hook of ours is known as such.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from leadflow.core import secrets
from leadflow.workflows import rules_outbound, store

# A chain has at most rules.MAX_DEPTH ids of 26 characters; the rest is air.
_LONGEST_CAUSE = 500


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


def cause_header(chain: Sequence[str]) -> str:
    """The value of X-Leadflow-Cause: the workflows that led to a webhook, the one that calls last, and our word."""
    text = ".".join(chain)
    return f"{text};{secrets.keyed_hash('webhook cause', text)}"


def chain_of(header: str | None) -> list[str]:
    """The workflows that such a header names; none where it is missing or not ours."""
    text, _, word = (header or "")[:_LONGEST_CAUSE].partition(";")
    return text.split(".") if text and secrets.same(secrets.keyed_hash("webhook cause", text), word) else []
