"""Handing mails of a campaign over one call each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from pynamodb.transactions import TransactWrite

from leadflow.campaigns import store
from leadflow.campaigns.rules import states
from leadflow.campaigns.service import composing
from leadflow.campaigns.service.ledger import moved
from leadflow.channels import service as channels
from leadflow.core import clock, effects, table
from leadflow.core.errors import (
    CredentialsRefused,
    InvalidInput,
    LeadflowError,
    OutcomeUnknown,
    RateLimited,
    UpstreamRejected,
    UpstreamUnavailable,
)
from leadflow.core.table import Record


@dataclass
class BatchOutcome:
    """What became of mails that were handed over: the `rest` did not begin, because of `stopped_by`."""

    settled: list[store.EmailSent] = field(default_factory=list)
    rest: list[store.EmailSent] = field(default_factory=list)
    stopped_by: LeadflowError | None = None


def hand_over(
    mails: Sequence[store.EmailSent],
    template: store.EmailTemplate,
    leads_by_id: Mapping[str, Record],
    channel: Record,
    fence: Callable[[TransactWrite], None],
) -> BatchOutcome:
    """Sends claimed mails and settles each."""
    outcome = BatchOutcome()
    for number, mail in enumerate(mails):
        try:
            settled = _sent(mail, template, leads_by_id[mail.id], channel, fence)
        except (RateLimited, UpstreamUnavailable, CredentialsRefused) as error:
            moved(mail, states.given_back)
            outcome.rest, outcome.stopped_by = list(mails[number:]), error
            break
        outcome.settled.append(settled)
    return outcome


def _sent(
    mail: store.EmailSent,
    template: store.EmailTemplate,
    lead: Record,
    channel: Record,
    fence: Callable[[TransactWrite], None],
) -> store.EmailSent:
    if mail.phase == "begun":
        effects.mark_unknown(mail)
        return mail
    body = store.find_body(mail.id)
    try:
        if body is None:
            mail.subject, body = composing.compose(
                template, lead, mail.id, channel["postal_address"], visitor_id=mail.lead_id
            )
    except InvalidInput:
        return moved(mail, partial(states.skipped, reason="invalid_content"))
    mailer = channels.mailer(channel["id"])
    outgoing = composing.outgoing(mail, store.unpacked(body), channel)
    _begin(mail, body, fence)
    try:
        message_id = mailer.send(outgoing)
    except CredentialsRefused:
        raise
    except UpstreamRejected as error:
        return moved(mail, partial(states.rejected, reason=error.detail))
    except OutcomeUnknown:
        effects.mark_unknown(mail)
        return mail
    return moved(mail, partial(states.accepted, at=clock.now_stamp(), message_id=message_id))


def _begin(mail: store.EmailSent, body: store.EmailBody, fence: Callable[[TransactWrite], None]) -> None:
    mail.phase = "begun"
    try:
        with table.transaction() as writes:
            fence(writes)
            for item in (mail, body):
                item.touch()
                writes.save(item)
    except table.TransactionRefused as refused:
        raise table.Stale(mail.pk) from refused
