"""The test of a template: one mail to whoever wants to see it, outside of all campaigns and numbers."""

from __future__ import annotations

import contextlib
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
    test_id = ids.new_id()
    entry, standing = _begun(test_id)
    outcome = Outcome(entry.outcome)
    if standing is Standing.OURS:
        outcome = _handed_over(test_id, entry, mailer.send, _mail(seen, body.to, channel))
    elif standing is Standing.BUSY:
        raise InProgress("This test is being sent at this moment.")
    if outcome is Outcome.REJECTED:
        raise UpstreamRejected("The provider refused this test.")
    return {"outcome": outcome, "missing": seen["missing"]}


def _begun(test_id: str) -> tuple[store.TestMail, Standing]:
    """The entry of a test and where it stands; one that is ours to send has begun. Raises InProgress."""
    entry = store.find_test(test_id)
    try:
        entry, standing = (store.new_test(test_id), Standing.OURS) if entry is None else (entry, effects.look(entry))
        if standing is Standing.OURS:
            effects.begin(entry)
    except table.Stale:
        raise InProgress("This test is being sent at this moment.") from None
    return entry, standing


def _handed_over(
    test_id: str, entry: store.TestMail, send: Callable[[OutgoingMail], object], mail: OutgoingMail
) -> Outcome:
    """Hands over a test that was begun, settles it and says as what. Raises what says that nothing was sent.

    Another try may have taken this one for dead and put it in doubt meanwhile: it has sent nothing.
    """
    try:
        send(mail)
    except (RateLimited, UpstreamUnavailable, CredentialsRefused):
        # Nothing has left: the next try starts anew, unless it has given up on this one already.
        with contextlib.suppress(table.Stale):
            table.remove(entry)
        raise
    except UpstreamRejected:
        _settle(test_id, entry, Outcome.REJECTED)
        raise
    except OutcomeUnknown:
        with contextlib.suppress(table.Stale):
            effects.mark_unknown(entry)
        return Outcome.UNKNOWN
    _settle(test_id, entry, Outcome.ACCEPTED)
    return Outcome.ACCEPTED


def _settle(test_id: str, entry: store.TestMail, outcome: Outcome) -> None:
    """Writes what the provider said, over the doubt of others too. Raises table.Stale when it is overtaken again."""
    try:
        effects.settle(entry, outcome)
    except table.Stale:
        # Where it is the SDK that repeated this very write, there is nothing left to do.
        found = store.find_test(test_id)
        if found is not None and found.outcome != outcome:
            effects.settle(found, outcome)


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
