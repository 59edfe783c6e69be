"""What holds back a mail, or would: the gates of the send, all of them, without sending."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.rules import gates
from leadflow.campaigns.service import composing, gating, sending, templates
from leadflow.channels import service as channels
from leadflow.core import clock
from leadflow.core.errors import InvalidInput, NotFound
from leadflow.core.gates import Gate, failed, passed
from leadflow.core.table import Record

# Stands for the id of a mail that there is not: nothing is found under it.
_NO_MAIL = "explained"


def gates_of_mail(
    lead: Mapping[str, Any] | None, *, template_id: str, sender: str | None, cause: tuple[str, ...] | None
) -> list[Gate]:
    """The gates of the mail that belongs to this cause, or of one that has none yet, in the order the send asks them.

    A mail that is settled has its outcome for its only gate. Of a lead that is gone, or has no address, nothing more
    can be asked. Reads a bounded number of items and writes nothing.
    """
    mail = store.find_mail(store.tracking_id(cause)) if cause else None
    found = [] if mail is None else [ledger_gate(mail)]
    if mail is not None and mail.outcome not in ("pending", "unknown"):
        return found
    found += gates.recipient(lead)
    if lead is None or lead["email"] is None:
        return found
    address = str(mail.recipient_email if mail else lead["email"])
    channel = channels.active_email_channel()
    found += [*gating.permission(address, lead), gates.channel(channel)]
    if mail is None:
        found += words(template_id, lead, channel)
    if channel is not None:
        found.append(_asked("sender", lambda: composing.sender_of(sender, channel)))
    return found


def ledger_gate(mail: store.EmailSent) -> Gate:
    """Where a mail stands that is claimed already."""
    sent = sending.standing(mail)
    return gates.ledger(sent.outcome, sent.reason, clock.stamp(sent.wait_until) if sent.wait_until else None)


def words(template_id: str, lead: Mapping[str, Any], channel: Record | None) -> Iterator[Gate]:
    """The gates of a mail's words: whether the template is there, and makes a mail for this lead."""
    try:
        template = templates.load(template_id)
    except NotFound as error:
        yield failed("template", "no_template", error.detail)
        return
    yield passed("template")
    postal_address = channel["postal_address"] if channel else None
    visitor_id = str(lead["id"])
    yield _asked("content", lambda: composing.compose(template, lead, _NO_MAIL, postal_address, visitor_id=visitor_id))


def _asked(gate: str, do: Callable[[], object]) -> Gate:
    """A gate that is open when this can be done; what it raises names a field and no values."""
    try:
        do()
    except InvalidInput as error:
        return failed(gate, f"invalid_{gate}", error.detail)
    return passed(gate)
