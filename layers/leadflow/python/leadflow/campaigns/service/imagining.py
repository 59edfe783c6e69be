"""A workflow's mail as it would be written, without a claim, a write or a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadflow.campaigns import rules, store
from leadflow.campaigns.service import composing, suppressions, templates
from leadflow.channels import service as channels
from leadflow.core.errors import Conflict
from leadflow.leads import service as leads

_NO_MAIL = "simulated"


def would_send(template_id: str, lead: Mapping[str, Any], sender: str | None) -> tuple[str | None, dict[str, Any]]:
    """Why the mail would be skipped (None when it would be sent), and its recipient, sender, subject and page.

    Raises NotFound for the template, Conflict when no email channel is active, InvalidInput when it cannot be written.
    """
    if lead["email"] is None:
        return "no_email", {}
    template = templates.load(template_id)
    reason = _barred(lead)
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
    told = {"to": lead["email"], "from": sender or (channel["from_email"] if channel else None)}
    return reason, {**told, "subject": subject, "body": store.unpacked(body).body}


def _barred(lead: Mapping[str, Any]) -> str | None:
    """Why no mail may be sent to this lead; the same gates as before a real one."""
    if leads.is_erased(lead["email"]):
        return "erased"
    suppressed_for = suppressions.is_suppressed("email", lead["email"])
    if suppressed_for is not None:
        return f"suppressed:{suppressed_for}"
    return "opted_out" if rules.opted_out(lead, "email") else None
