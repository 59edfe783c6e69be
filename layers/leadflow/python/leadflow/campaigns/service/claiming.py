"""Mails of a campaign before their batch is called: written, claimed, or found to be on file and taken up again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.rules import Sent, states
from leadflow.campaigns.service import batches, sending
from leadflow.campaigns.service.ledger import changed
from leadflow.campaigns.service.writing import Writer
from leadflow.core import clock, effects, table
from leadflow.core.errors import InvalidInput
from leadflow.core.gates import first_closed

LOOK_AGAIN_AFTER = timedelta(seconds=30)


@dataclass
class Claimed:
    """`ours` are to be sent by us, as seats of the batch; `answers` say where the others stand."""

    ours: list[store.EmailSent] = field(default_factory=list)
    answers: dict[str, Sent] = field(default_factory=dict)


def new_mail(
    *,
    cause: tuple[str, ...],
    campaign_id: str,
    step_number: int,
    template_id: str,
    lead: Mapping[str, Any],
    holder_id: str,
    sender: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> store.EmailSent:
    """The mail of a campaign's step to one lead, not written yet; `holder_id` is the part that has the address."""
    mail_id = store.tracking_id(cause)
    return store.EmailSent(
        pk=f"EM#{mail_id}",
        sk="#",
        id=mail_id,
        tracking_id=mail_id,
        campaign_id=campaign_id,
        step_number=step_number,
        lead_id=holder_id,
        template_id=template_id,
        sender=sender,
        recipient_email=lead["email"],
        recipient_name=lead["name"],
        subject="",
        metadata=metadata,
    )


def skip(mails: Sequence[tuple[store.EmailSent, str]]) -> dict[str, Sent]:
    """Writes down that these mails, not written yet, are not sent and why; says where each then stands.

    One that was claimed before and has not left is skipped too; one that may have left stays as it is.
    """
    reasons = {mail.id: reason for mail, reason in mails}
    for mail, reason in mails:
        mail.outcome, mail.skip_reason = "skipped", reason
    there = store.claim_many([(mail, None) for mail, _ in mails])
    answers = {mail.id: sending.standing(mail) for mail, _ in mails if mail.id not in there}
    free, standing = looked_at(there)
    done = store.amend_many(free, lambda mail: changed(mail, lambda state: _skipped(state, reasons[mail.id])))
    return {**answers, **standing, **{mail.id: sending.standing(mail) for mail in done}}


def claim(
    mails: Sequence[store.EmailSent], leads_by_id: Mapping[str, Mapping[str, Any]], writer: Writer, batch_id: str
) -> Claimed:
    """Writes the mails and claims them for a batch, whose seats they have in their order.

    A mail that cannot be written is rejected, with what is wrong. Mails on file are taken up with the words they have
    when they never left and nobody is at them.
    """
    result = Claimed()
    claims: list[tuple[store.EmailSent, store.EmailBody | None]] = []
    for seat, mail in enumerate(mails):
        body = _written(mail, leads_by_id[mail.lead_id], writer)
        if mail.outcome == "pending":
            mail.phase, mail.batch_id, mail.seat = "batched", batch_id, seat
        claims.append((mail, body))
    there = store.claim_many(claims)
    for mail in mails:
        if mail.id in there:
            continue
        if mail.outcome == "pending":
            result.ours.append(mail)
        else:
            result.answers[mail.id] = sending.standing(mail)
    free, standing = looked_at(there)
    result.answers |= standing
    free = _still_permitted(free, {mail.id: mail.recipient_email for mail in mails}, result)
    _take_up(free, {mail.id: seat for seat, mail in enumerate(mails)}, batch_id, result)
    return result


def pending(mail_id: str) -> Sent:
    """A mail that another worker is at."""
    return Sent(mail_id, "pending", None, clock.now() + LOOK_AGAIN_AFTER)


def _still_permitted(
    free: Sequence[store.EmailSent], addresses: Mapping[str, str], result: Claimed
) -> list[store.EmailSent]:
    """Those of these mails on file that may go out as they are; the others are skipped.

    The gates were asked about the address a lead has now. Where a mail was written to another, that one is asked about.
    """
    from leadflow.campaigns.service import gating

    elsewhere = [mail for mail in free if mail.recipient_email != addresses[mail.id]]
    closed = {mail.id: first_closed(gating.addressing(mail.recipient_email)) for mail in elsewhere}
    reasons = {mail_id: gate.code for mail_id, gate in closed.items() if gate is not None}
    barred = [mail for mail in free if mail.id in reasons]
    done = store.amend_many(barred, lambda mail: changed(mail, lambda state: _skipped(state, reasons[mail.id])))
    result.answers |= {mail.id: sending.standing(mail) for mail in done}
    return [mail for mail in free if mail.id not in reasons]


def _written(mail: store.EmailSent, lead: Mapping[str, Any], writer: Writer) -> store.EmailBody | None:
    try:
        return writer.write(mail, lead)
    except InvalidInput as error:
        mail.outcome, mail.status, mail.error_message = "rejected", "failed", error.detail
        return None


def looked_at(mail_ids: Iterable[str]) -> tuple[list[store.EmailSent], dict[str, Sent]]:
    """Of mails that may be on file, those that never left and nobody is at; and where the others stand.

    What the books of an abandoned batch say is written down first.
    """
    found = store.find_mails(sorted(mail_ids))
    attended = _settled_batches({str(mail.batch_id) for mail in found if _is_batched(mail)})
    again = {mail.id for mail in found if _is_batched(mail) and mail.batch_id not in attended}
    found = [mail for mail in found if mail.id not in again] + store.find_mails(sorted(again))
    free: list[store.EmailSent] = []
    standing: dict[str, Sent] = {}
    for mail in found:
        if mail.outcome != "pending":
            standing[mail.id] = sending.standing(mail)
        elif mail.batch_id in attended or effects.is_held(mail.lease_until, mail.host_id):
            standing[mail.id] = pending(mail.id)
        else:
            free.append(mail)
    return free, standing


def _settled_batches(batch_ids: set[str]) -> set[str]:
    """Settles those of these batches that nobody is at; gives the others."""
    attended: set[str] = set()
    for batch_id in sorted(batch_ids):
        batch = store.find_batch(batch_id)
        if batch is None or batch.state in ("done", "doubtful"):
            continue
        try:
            if batch.is_attended:
                attended.add(batch_id)
            else:
                batches.settle(batch)
        except table.Stale:
            attended.add(batch_id)
    return attended


def _take_up(free: list[store.EmailSent], seats: Mapping[str, int], batch_id: str, result: Claimed) -> None:
    """Gives free mails their seat in our batch, unless somebody was quicker."""
    before = {mail.id: mail.batch_id for mail in free}

    def changes(mail: store.EmailSent) -> dict[str, Any]:
        if mail.outcome != "pending" or mail.batch_id != before[mail.id]:
            return {}
        return {"phase": "batched", "batch_id": batch_id, "seat": seats[mail.id], "lease_until": None}

    for mail in store.amend_many(free, changes):
        if mail.batch_id == batch_id and mail.outcome == "pending":
            result.ours.append(mail)
        else:
            result.answers[mail.id] = pending(mail.id) if mail.outcome == "pending" else sending.standing(mail)


def _is_batched(mail: store.EmailSent) -> bool:
    return mail.outcome == "pending" and mail.phase == "batched"


def _skipped(state: states.MailState, reason: str) -> states.MailState:
    """The mail is free, so it has not left, whatever phase it stopped in."""
    return states.skipped(states.given_back(state), reason)
