"""Signatures of webhooks: a secret per workflow, derived from the installation's own, so none is kept.

What led to a webhook goes along signed as well, so that one that comes back to a hook of ours is known as such.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from leadflow.core import clock, secrets, table
from leadflow.core.errors import Conflict
from leadflow.workflows import rules_outbound, store, store_outbound

# A chain has at most rules.MAX_DEPTH ids of 26 characters; the rest is air.
_LONGEST_CAUSE = 500


def secret_of(workflow_id: str) -> dict[str, Any]:
    """What a receiver checks a workflow's webhooks with, and until when they are signed with the one before as well.

    Raises NotFound.
    """
    store.load(workflow_id)
    return _shown(workflow_id, store_outbound.find_signing(workflow_id))


def rotate(workflow_id: str, grace_hours: int) -> dict[str, Any]:
    """Replaces the secret; what is sent in the next `grace_hours` is signed with the present one as well.

    One that was replaced before it goes out of use at once. Raises NotFound, Conflict while somebody else rotates.
    """
    store.load(workflow_id)
    present = store_outbound.find_signing(workflow_id)
    signing = present or store_outbound.WebhookSigning(pk=f"WF#{workflow_id}", sk="#SIGN")
    signing.generation = int(signing.generation) + 1
    signing.previous_until = clock.stamp(clock.now() + timedelta(hours=grace_hours)) if grace_hours else None
    try:
        if present is None:
            table.create(signing)
        else:
            table.save(signing)
    except (table.AlreadyThere, table.Stale):
        raise Conflict("The secret was replaced by another request at this moment.", workflow_id) from None
    return _shown(workflow_id, signing)


def signature(workflow_id: str, timestamp: int, body: bytes) -> str:
    """The value of X-Leadflow-Signature: the time and HMAC-SHA256 over time and body, in hexadecimal.

    While a replaced secret is in its grace, a second `v1` is made with it.
    """
    signed = rules_outbound.signed_text(timestamp, body)
    signing = store_outbound.find_signing(workflow_id)
    newest = int(signing.generation) if signing else 0
    known = [newest, *([newest - 1] if _previous_until(signing) else [])]
    made = [hmac.new(_secret(workflow_id, one).encode(), signed, hashlib.sha256).hexdigest() for one in known]
    return ",".join([f"t={timestamp}", *(f"v1={one}" for one in made)])


def _shown(workflow_id: str, signing: store_outbound.WebhookSigning | None) -> dict[str, Any]:
    secret = _secret(workflow_id, int(signing.generation) if signing else 0)
    return {"workflow_id": workflow_id, "secret": secret, "previous_until": _previous_until(signing)}


def _previous_until(signing: store_outbound.WebhookSigning | None) -> str | None:
    """Until when the secret before is in use; None when it is not, any more."""
    until = signing.previous_until if signing else None
    return until if until and until > clock.now_stamp() else None


def _secret(workflow_id: str, generation: int) -> str:
    numbered = [str(generation)] if generation else []
    return "whsec_" + secrets.keyed_hash("webhook signature", workflow_id, *numbered)


def cause_header(chain: Sequence[str]) -> str:
    """The value of X-Leadflow-Cause: the workflows that led to a webhook, the one that calls last, and our word."""
    text = ".".join(chain)
    return f"{text};{secrets.keyed_hash('webhook cause', text)}"


def chain_of(header: str | None) -> list[str]:
    """The workflows that such a header names; none where it is missing or not ours."""
    text, _, word = (header or "")[:_LONGEST_CAUSE].partition(";")
    return text.split(".") if text and secrets.same(secrets.keyed_hash("webhook cause", text), word) else []
