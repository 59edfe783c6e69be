"""Batches whose worker is gone: what their books say of each mail is written down with the mail."""

from __future__ import annotations

from functools import partial
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.rules import states
from leadflow.campaigns.service.ledger import changed, moved_many
from leadflow.campaigns.store import batches
from leadflow.core import clock, effects, table
from leadflow.core.settings import settings


def settle(batch: store.MailBatch) -> int:
    """Settles the mails of a batch that nobody is at; those that never left are free for the next try.

    Gives how many are in doubt. Raises table.Stale when somebody else is at the batch.
    """
    batches.take_over(batch)
    waiting = [mail for mail in store.find_mails(store.mail_ids_of(batch)) if _is_in(mail, batch)]
    arrived = [mail for mail in waiting if batch.taken_at(int(mail.seat))]
    called = [mail for mail in waiting if batch.is_called(int(mail.seat))]
    store.amend_many(arrived, lambda mail: _accepted(mail, batch))
    in_doubt(called)
    batches.close(batch)
    return len(called)


def in_doubt(mails: list[store.EmailSent]) -> list[store.EmailSent]:
    """Mails of a call that nobody knows the outcome of, unless the provider's own events were quicker."""
    since, host = clock.now_stamp(), settings().host_id or None

    def changes(mail: store.EmailSent) -> dict[str, Any]:
        found = changed(mail, states.in_doubt)
        return {**found, "unknown_since": since, "host_id": host} if found else {}

    return store.amend_many(mails, changes)


def reconcile() -> dict[str, int]:
    """Looks after batches whose worker died: how many there were, and the mails that are in doubt by it."""
    counts = {"batches_settled": 0, "batch_mails_unknown": 0}
    for batch in batches.unattended_batches():
        if batch.is_attended or (batch.state == "doubtful" and batches.due_at(batch) > clock.now_stamp()):
            continue
        try:
            unknown = _closed(batch) if batch.state == "doubtful" else settle(batch)
        except table.Stale:
            # Its worker lives after all, or another reconcile is at it.
            continue
        counts["batches_settled"] += 1
        counts["batch_mails_unknown"] += unknown
    return counts


def _closed(batch: store.MailBatch) -> int:
    """The provider had its time to report on mails in doubt: what its campaign wants of those is done."""
    batches.take_over(batch)
    campaign = store.find_campaign(batch.campaign_id) if batch.campaign_id else None
    if campaign is not None and campaign.unknown_policy == "fail":
        mails = store.find_mails(store.mail_ids_of(batch))
        moved_many([mail for mail in mails if mail.batch_id == batch.id], states.lost)
    batches.close(batch)
    return 0


def _is_in(mail: store.EmailSent, batch: store.MailBatch) -> bool:
    return mail.batch_id == batch.id and mail.phase == "batched" and mail.outcome == effects.Outcome.PENDING


def _accepted(mail: store.EmailSent, batch: store.MailBatch) -> dict[str, Any]:
    at, message_id = batch.taken_at(int(mail.seat or 0)) or (clock.now_stamp(), "")
    return changed(mail, partial(states.accepted, at=at, message_id=message_id))
