"""A workflow's mail as it would be written, without a claim, a write or a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.service import composing, gating, templates
from leadflow.channels import service as channels
from leadflow.core.errors import Conflict
from leadflow.core.gates import first_closed

_NO_MAIL = "simulated"


def would_send(template_id: str, lead: Mapping[str, Any], sender: str | None) -> tuple[str | None, dict[str, Any]]:
    """Why the mail would be skipped (None when it would be sent), and its recipient, sender, subject and page.

    Raises NotFound for the template, Conflict when no email channel is active, InvalidInput when it cannot be written.
    """
    if lead["email"] is None:
        return "no_email", {}
    template = templates.load(template_id)
    closed = first_closed(gating.permission(lead["email"], lead))
    reason = None if closed is None else closed.code
    channel = channels.active_email_channel()
    if channel is None and reason is None:
        raise Conflict("There is no active email channel.")
    subject, body = composing.compose(
        template,
        lead,
        _NO_MAIL,
        channel["postal_address"] if channel else None,
        visitor_id=str(lead["id"]),
    )
    if channel is not None and reason is None:
        composing.sender_of(sender, channel)
    told = {"to": lead["email"], "from": sender or (channel["from_email"] if channel else None)}
    return reason, {**told, "subject": subject, "body": store.unpacked(body).body}
