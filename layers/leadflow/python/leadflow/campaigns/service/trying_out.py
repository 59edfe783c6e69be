"""The test of a template: one mail to whoever wants to see it, outside of all campaigns and numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from leadflow.campaigns.rules import content
from leadflow.campaigns.service import composing, gating, templates
from leadflow.campaigns.store import test_mails as store
from leadflow.channels import service as channels
from leadflow.channels.mail import Address, OutgoingMail, Recipient
from leadflow.core import effects, ids, rendering, table
from leadflow.core.effects import Outcome, Standing
from leadflow.core.errors import (
    CredentialsRefused,
    InProgress,
    InvalidInput,
    OutcomeUnknown,
    RateLimited,
    UpstreamRejected,
    UpstreamUnavailable,
)
from leadflow.core.gates import first_closed

if TYPE_CHECKING:
    from leadflow.campaigns.schema import TestSendRequest
    from leadflow.core.table import Record

_MARK = "[Test] "


def send_test(template_id: str, body: TestSendRequest) -> dict[str, Any]:
    """Sends one mail made of the template, marked as a test and without tracking; the same request sends it once.

    Its links to unsubscribe and view lead nowhere. `outcome` is unknown when the provider did not say whether it took
    it. Raises NotFound for the template; InvalidInput when there is no such lead, the address may not be written to, or
    the subject comes out blank; Conflict when no email channel is active; CredentialsRefused and UpstreamRejected when
    the provider refuses; RateLimited, UpstreamUnavailable and InProgress when trying later may help.
    """
    template = templates.load(template_id)
    values = composing.preview_context(body.lead_id, {"email": body.to})
    seen = composing.preview(template, values)
    if not seen["subject"]:
        raise InvalidInput("subject", "comes out blank with these values")
    closed = first_closed(gating.addressing(body.to))
    if closed is not None:
        raise InvalidInput("to", closed.detail)
    channel = gating.open_channel()
    mailer = channels.mailer(channel["id"])
    entry, standing = _claimed(ids.new_id())
    if standing is Standing.OURS:
        effects.begin(entry)
        _handed_over(entry, mailer.send, _mail(seen, body.to, channel))
    elif standing is Standing.BUSY:
        raise InProgress("This test is being sent at this moment.")
    if entry.outcome == Outcome.REJECTED:
        raise UpstreamRejected("The provider refused this test.")
    return {"outcome": entry.outcome, "missing": seen["missing"]}


def _claimed(test_id: str) -> tuple[store.TestMail, Standing]:
    entry = store.find_test(test_id)
    try:
        return (store.new_test(test_id), Standing.OURS) if entry is None else (entry, effects.look(entry))
    except table.Stale:
        raise InProgress("This test is being sent at this moment.") from None


def _handed_over(entry: store.TestMail, send: Callable[[OutgoingMail], object], mail: OutgoingMail) -> None:
    """Hands over a test that was begun, and settles it. Raises what says that nothing was sent."""
    try:
        send(mail)
    except (RateLimited, UpstreamUnavailable, CredentialsRefused):
        # Nothing has left: the next try starts anew.
        table.remove(entry)
        raise
    except UpstreamRejected:
        effects.settle(entry, Outcome.REJECTED)
        raise
    except OutcomeUnknown:
        effects.mark_unknown(entry)
    else:
        effects.settle(entry, Outcome.ACCEPTED)


def _mail(seen: dict[str, Any], to: str, channel: Record) -> OutgoingMail:
    way_out = f"{composing.address_of(composing.NO_MAIL)}/unsubscribe"
    page = content.with_footer(seen["html"], postal_address=channel["postal_address"], unsubscribe_url=way_out)
    return OutgoingMail(
        sender=composing.sender_of(None, channel),
        recipients=(Recipient(to),),
        subject=_MARK + seen["subject"],
        text=rendering.html_to_text(page),
        html=page,
        reply_to=Address(channel["reply_to"]) if channel["reply_to"] else None,
    )
