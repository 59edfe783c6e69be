"""The send of one tracked mail to one lead: claimed, begun, handed over, settled.

The mail's id follows from its cause, so the same cause finds the same mail. Whoever dies on the way leaves an entry
that says how far it got: what never began is done by the next try, with the very words that were claimed; what began
and was never settled is unknown, and is sent once more at most, after the provider had its time to report.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from leadflow.campaigns import rules, store
from leadflow.campaigns.rules import Sent, gates, states
from leadflow.campaigns.service import composing, gating, templates
from leadflow.campaigns.service.ledger import moved
from leadflow.channels import service as channels
from leadflow.core import clock, effects, table
from leadflow.core.effects import Standing
from leadflow.core.errors import (
    CredentialsRefused,
    InProgress,
    OutcomeUnknown,
    RateLimited,
    UpstreamRejected,
    UpstreamUnavailable,
)
from leadflow.core.gates import first_closed
from leadflow.core.table import Record
from leadflow.leads import service as leads

# A claim that nobody came back to for this long is given up: retries of any workflow are over by then.
ABANDONED_AFTER = timedelta(days=7)
LOOK_AGAIN_AFTER = timedelta(seconds=30)
# A mail in doubt waits this long and again for the webhook inbox to be read.
READ_DELIVERIES_WITHIN = timedelta(seconds=2)


def send_to_lead(
    *,
    template_id: str,
    lead_id: str,
    cause: tuple[str, ...],
    sender: str | None = None,
    execution_id: str | None = None,
) -> Sent:
    """Sends the mail that belongs to this cause, or says where it stands; never twice at the same time.

    Safe to call again, at once or after a crash, and to be called again at `wait_until` when the answer has one.
    `sender` replaces the channel's from address. Raises NotFound for the template, Conflict when no email channel is
    active, InvalidInput when this lead's mail cannot be written, CredentialsRefused when the provider refuses our key,
    and RateLimited, UpstreamUnavailable or InProgress when trying later may help; nothing was sent by this call then.
    """
    mail_id = store.tracking_id(cause)
    mail = store.find_mail(mail_id)
    if mail is not None:
        return _resumed(mail)
    reached = leads.find_reached(lead_id, "email")
    lead, holder_id = reached or (None, lead_id)
    nobody = first_closed(gates.recipient(lead))
    if lead is None or nobody is not None:
        return Sent(mail_id, "skipped", nobody.code if nobody else None)
    mail = store.EmailSent(
        pk=f"EM#{mail_id}",
        sk="#",
        id=mail_id,
        tracking_id=mail_id,
        lead_id=holder_id,
        template_id=template_id,
        execution_id=execution_id,
        sender=sender,
        recipient_email=lead["email"],
        recipient_name=lead["name"],
    )
    return _first_try(mail, lead)


def reconcile() -> dict[str, int]:
    """Looks after mails whose sender died: counts of those now unknown, given up, and out of the provider's time.

    Never sends: who caused a mail asks for it again.
    """
    counts = {"mails_unknown": 0, "mails_abandoned": 0, "mails_closed": 0}
    for mail in store.waiting_mails():
        try:
            done = _looked_after(mail)
        except table.Stale:
            # Somebody else has just moved it on.
            continue
        if done:
            counts[done] += 1
    return counts


def standing(mail: store.EmailSent) -> Sent:
    """Where a mail stands that is on file, without touching it."""
    return _answer(mail)


def _first_try(mail: store.EmailSent, lead: Mapping[str, Any]) -> Sent:
    reason = _barred(mail, lead)
    if reason == "erased":
        # Nothing is written down about the person any more, not even that they got no mail.
        return Sent(mail.id, "skipped", reason)
    channel = gating.open_channel() if reason is None else channels.active_email_channel()
    template = templates.load(str(mail.template_id))
    postal_address = channel["postal_address"] if channel else None
    mail.subject, body = composing.compose(template, lead, mail.id, postal_address, visitor_id=mail.lead_id)
    if reason is not None:
        mail.outcome, mail.skip_reason = "skipped", reason
    else:
        effects.take(mail)
    if not store.claim(mail, body):
        return _resumed(_found(mail))
    return _handed_over(mail, body, channel) if channel and reason is None else _answer(mail)


def _resumed(mail: store.EmailSent) -> Sent:
    """Goes on with a mail that was claimed before, if it is ours to do."""
    try:
        standing = effects.look(mail)
        if standing is Standing.UNKNOWN and _may_try_again(mail):
            store.begin_again(mail)
            standing = Standing.OURS
    except table.Stale:
        return _answer(_found(mail))
    return _next_try(mail) if standing is Standing.OURS else _answer(mail)


def _next_try(mail: store.EmailSent) -> Sent:
    lead = leads.find(mail.lead_id)
    reason = "lead_gone" if lead is None else _barred(mail, lead)
    if reason is not None:
        return _held_back(mail, reason)
    body = store.find_body(mail.id)
    if body is None:
        return _held_back(mail, "content_gone")
    return _handed_over(mail, body, None)


def _held_back(mail: store.EmailSent, reason: str) -> Sent:
    """Ends a mail that may not be sent (any more); if an earlier try may have reached the person, it stays unknown."""
    mail = moved(mail, partial(states.skipped, reason=reason))
    if mail.outcome == "pending":
        return _unknown(mail)
    return _answer(mail)


def _handed_over(mail: store.EmailSent, body: store.EmailBody, channel: Record | None) -> Sent:
    """Hands over a mail that is claimed by us, and settles it."""
    try:
        channel = channel or gating.open_channel()
        mailer = channels.mailer(channel["id"])
        outgoing = composing.outgoing(mail, store.unpacked(body), channel)
    except Exception:
        # Nothing has left yet: the next try need not wait for the lease to end.
        moved(mail, states.given_back)
        raise
    try:
        effects.begin(mail)
    except table.Stale:
        return _answer(_found(mail))
    try:
        message_id = mailer.send(outgoing)
    except (RateLimited, UpstreamUnavailable, CredentialsRefused):
        # A refused key is the account's trouble, not this mail's: it can still be sent when the key is mended.
        moved(mail, states.given_back)
        raise
    except UpstreamRejected as error:
        return _refused(mail, error)
    except OutcomeUnknown:
        return _unknown(mail)
    return _answer(moved(mail, partial(states.accepted, at=clock.now_stamp(), message_id=message_id)))


def _refused(mail: store.EmailSent, error: UpstreamRejected) -> Sent:
    """The provider said no to this try. What it said no to may have been taken before: then nobody knows."""
    if mail.attempt > 1:
        return _unknown(mail)
    return _answer(moved(mail, partial(states.rejected, reason=error.detail or "The provider refused.")))


def _unknown(mail: store.EmailSent) -> Sent:
    try:
        effects.mark_unknown(mail)
    except table.Stale:
        # The provider's own event was quicker.
        mail = _found(mail)
    return _answer(mail)


def _answer(mail: store.EmailSent) -> Sent:
    """Where the mail stands, as it was read."""
    reason = mail.skip_reason or mail.error_message
    if mail.outcome == "pending":
        return Sent(mail.id, "pending", reason, _next_look(mail))
    if mail.outcome == "unknown":
        return Sent(mail.id, "unknown", reason, _next_look_at_unknown(mail))
    return Sent(mail.id, mail.outcome, reason)


def _next_look(mail: store.EmailSent) -> datetime:
    """When to look again at a mail somebody else is at: soon, since sends are short, and at the end of the lease."""
    soon = clock.now() + LOOK_AGAIN_AFTER
    return min(soon, clock.parse(mail.lease_until)) if mail.lease_until else soon


def _next_look_at_unknown(mail: store.EmailSent) -> datetime | None:
    """When to look again at a mail whose fate is not known; None when nothing more will be done about it."""
    ends = effects.window_ends(mail)
    if ends > clock.now():
        return ends
    if mail.attempt >= rules.most_attempts(mail.campaign_id):
        return None
    return clock.now() + READ_DELIVERIES_WITHIN


def _may_try_again(mail: store.EmailSent) -> bool:
    """Whether the one bounded re-send is due: the provider had its time, and nothing it told us is still unread."""
    if effects.window_ends(mail) > clock.now() or mail.attempt >= rules.most_attempts(mail.campaign_id):
        return False
    return not channels.has_unread_deliveries(effects.window_ends(mail))


def _barred(mail: store.EmailSent, lead: Mapping[str, Any]) -> str | None:
    """Why this mail may not be sent to this lead; None when it may."""
    closed = first_closed(gating.permission(mail.recipient_email, lead))
    return None if closed is None else closed.code


def _found(mail: store.EmailSent) -> store.EmailSent:
    """The mail as it is stored now. Raises InProgress when it has gone meanwhile."""
    found = store.find_mail(mail.id)
    if found is None:
        raise InProgress(f"Mail {mail.id} has gone.")
    return found


def _looked_after(mail: store.EmailSent) -> str | None:
    """What reconcile did about one mail, by the name of its count; None for one that is in good hands."""
    if mail.outcome == "unknown":
        if effects.window_ends(mail) > clock.now():
            return None
        store.close(mail)
        return "mails_closed"
    if effects.is_held(mail.lease_until, mail.host_id):
        return None
    if mail.phase == "begun":
        effects.mark_unknown(mail)
        return "mails_unknown"
    if clock.parse(str(mail.updated_at)) + ABANDONED_AFTER > clock.now():
        return None
    if mail.attempt > 1:
        effects.mark_unknown(mail)
        return "mails_unknown"
    moved(mail, partial(states.skipped, reason="abandoned"))
    return "mails_abandoned"
