"""Batches in the table: mails that are handed to the provider together, and how far that got."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from leadflow.core import clock, due, effects, ids, table
from leadflow.core.settings import settings

WAITING_BATCH = "batch"
# What is done with is of use to somebody who looks into what happened, for so long.
_KEPT = timedelta(days=30)


class MailBatch(table.Item, discriminator="MailBatch"):
    """What stands between many mails and the provider: which of them are under a call, and which it took.

    pk `BATCH#<id>`  sk `#`  GSI3 due-index of kind `batch` until all its mails are settled

    Seats are sets of positions in the batch, as a hexadecimal number with a bit for each. `called` seats are under a
    call, or were and nobody knows what came of it; `taken` are `[seats, at, provider's id]` of each call that was
    accepted. A mail in neither has not left. `state` is open as long as its worker may call, `closing` when others
    settle its mails, `doubtful` while the provider has time to report on called ones, done at last.
    """

    id = UnicodeAttribute()
    campaign_id = UnicodeAttribute(null=True)
    state = UnicodeAttribute(default="open")
    called = UnicodeAttribute(default="0")
    taken = JSONAttribute(default=list)
    lease_until = UnicodeAttribute(null=True)
    host_id = UnicodeAttribute(null=True)

    def is_called(self, seat: int) -> bool:
        return bool(int(self.called, 16) >> seat & 1)

    def taken_at(self, seat: int) -> tuple[str, str] | None:
        """When the provider took the mail of this seat, and its id for it."""
        return next(((at, message) for seats, at, message in self.taken if int(seats, 16) >> seat & 1), None)

    @property
    def is_attended(self) -> bool:
        return self.state != "done" and effects.is_held(self.lease_until, self.host_id)


class MailBatchList(table.Item, discriminator="MailBatchList"):
    """The ids of the mails of a batch, by their seats.

    pk `BATCH#<id>`  sk `MAILS`
    """

    mail_ids = JSONAttribute(default=list)


def open_batch(mail_ids: Sequence[str], campaign_id: str | None) -> MailBatch:
    """Writes a new batch, held by this worker, in which nothing has left."""
    batch_id = ids.new_id()
    pk = f"BATCH#{batch_id}"
    batch = MailBatch(pk=pk, sk="#", id=batch_id, campaign_id=campaign_id)
    _hold(batch)
    table.save_together([MailBatchList(pk=pk, sk="MAILS", mail_ids=list(mail_ids)), batch])
    return batch


def find_batch(batch_id: str) -> MailBatch | None:
    return table.find(MailBatch, f"BATCH#{batch_id}", "#")


def mail_ids_of(batch: MailBatch) -> list[str]:
    found = table.find(MailBatchList, batch.pk, "MAILS")
    return [] if found is None else list(found.mail_ids)


def call(batch: MailBatch, seats: Sequence[int]) -> None:
    """Notes, before a call, whom it is about. Raises table.Stale when the batch is no longer ours."""
    batch.called = _hex(int(batch.called, 16) | _bits(seats))
    _hold(batch)
    table.save(batch)


def not_taken(batch: MailBatch, seats: Sequence[int]) -> None:
    """The provider certainly did not take these. Raises table.Stale when the batch is no longer ours."""
    batch.called = _hex(int(batch.called, 16) & ~_bits(seats))
    table.save(batch)


def taken(batch: MailBatch, seats: Sequence[int], at: str, message_id: str) -> None:
    """The provider took these. Raises table.Stale when the batch is no longer ours."""
    bits = _bits(seats)
    batch.called = _hex(int(batch.called, 16) & ~bits)
    batch.taken = [*batch.taken, [_hex(bits), at, message_id]]
    table.save(batch)


def take_over(batch: MailBatch) -> None:
    """Ends the calls of a worker that is dead. Raises table.Stale when another was quicker, or it lives."""
    batch.state = "closing" if batch.state != "doubtful" else batch.state
    _hold(batch)
    table.save(batch)


def close(batch: MailBatch) -> None:
    """All mails of the batch are settled or free: those in doubt are looked at again when the provider had its time.

    Raises table.Stale when the batch is no longer ours.
    """
    if int(batch.called, 16) and batch.state != "doubtful":
        batch.state, batch.lease_until = "doubtful", None
        due.mark(batch, WAITING_BATCH, clock.stamp(effects.settled_by(clock.now())), batch.id)
    else:
        batch.state, batch.lease_until = "done", None
        due.clear(batch)
        batch.expires_at = clock.epoch_seconds(clock.now() + _KEPT)
    table.save(batch)


def unattended_batches() -> Iterator[MailBatch]:
    """Batches whose worker is dead, and those whose mails in doubt are to be looked at again."""
    return due.unattended(MailBatch, WAITING_BATCH)


def due_at(batch: MailBatch) -> str:
    """When the batch is to be looked at if nobody does before."""
    return str(batch.gsi3sk or "").partition("#")[0]


def _hold(batch: MailBatch) -> None:
    batch.lease_until, batch.host_id = effects.lease_end(), settings().host_id or None
    due.mark(batch, WAITING_BATCH, batch.lease_until, batch.id)


def _bits(seats: Sequence[int]) -> int:
    return sum(1 << seat for seat in seats)


def _hex(bits: int) -> str:
    return f"{bits:x}"
