"""Where it is kept that a person was erased: the record of it, and the marks that keep the person from coming back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from pynamodb.attributes import JSONAttribute, UnicodeAttribute
from pynamodb.transactions import TransactWrite

from leadflow.core import clock, due, table
from leadflow.core.settings import settings
from leadflow.leads.store.leads import ADDRESSES, Lead, UniqueIdentity, attempt, identity_hash

WAITING_ERASURE = "erasure"
# A queue message that has done nothing by then is taken for lost; longer than the worker may run.
_ATTENDED = timedelta(minutes=3)
# Everything that held the person's values when the erasure began has ended by then: no function of ours runs longer
# than a lease of six minutes.
_LATECOMERS = timedelta(minutes=10)
# By which channels a lead may be reached at its phone number.
_PHONE_CHANNELS = ("phone", "sms", "whatsapp")


class Erasure(table.Item, discriminator="Erasure"):
    """That everything about a lead is erased, and how far that is; nothing about the person. It has the lead's id.

    A lead that was merged into another has one as well, which only names the other's in `part_of`.

    pk `ERA#<lead>`  sk `#`  GSI3 due-index, kind `erasure`, until the last look is done

    `marks` are the keyed hashes of the addresses, as `<channel>#<hash>`, while they are needed to find the rest;
    `parts` the ids of all leads the person was, and `related` those of leads that were one with them before.
    """

    record_fields = ("id", "lead_id", "status", "deleted", "created_at", "updated_at", "completed_at")

    id = UnicodeAttribute()
    lead_id = UnicodeAttribute()
    status = UnicodeAttribute(default="running")
    deleted = JSONAttribute(default=dict)
    marks = JSONAttribute(default=list)
    parts = JSONAttribute(default=list)
    related = JSONAttribute(default=list)
    part_of = UnicodeAttribute(null=True)
    completed_at = UnicodeAttribute(null=True)
    host_id = UnicodeAttribute(null=True)


def find_erasure(lead_id: str) -> Erasure | None:
    """The erasure of the person that this lead was, alone or merged into another."""
    found = table.find(Erasure, f"ERA#{lead_id}", "#")
    if found is not None and found.part_of:
        return table.find(Erasure, f"ERA#{found.part_of}", "#")
    return found


def erase(leads: Sequence[Lead], related: Sequence[str]) -> Erasure:
    """Deletes a lead that was read with all leads merged into it, in one step.

    The lead that people see comes first. Marks the emails and phones of all as erased, and notes what is left to do.
    `related` are the ids of leads that any of them was ever one with. Raises table.Stale when one of them has changed
    or gone since, or table.TransactionRefused when others were in the way.
    """
    erasures = [Erasure(pk=f"ERA#{lead.id}", sk="#", id=lead.id, lead_id=lead.id) for lead in leads]
    first = erasures[0]
    first.marks = [mark for lead in leads for mark in marks_of(lead)]
    first.parts, first.related = [lead.id for lead in leads], list(related)
    for erasure in erasures:
        erasure.touch()
        erasure.part_of = None if erasure is first else first.id
    _await_worker(first)

    def change(writes: TransactWrite) -> None:
        for lead, erasure in zip(leads, erasures, strict=True):
            writes.delete(lead, condition=Lead.pk.exists())
            writes.save(erasure, condition=Erasure.pk.does_not_exist())
            for identity in lead.identities().values():
                writes.update(
                    identity,
                    [UniqueIdentity.lead_id.remove(), UniqueIdentity.erased_at.set(first.created_at)],
                    condition=UniqueIdentity.lead_id == lead.id,
                    add_version_condition=False,
                )

    refused = attempt(change)
    if refused is None:
        return first
    if any(refused.failed(position) for position in range(2 * len(leads))):
        raise table.Stale(leads[0].pk) from refused
    raise refused


def marks_of(lead: Lead) -> list[str]:
    """The lead's own addresses as `<channel>#<keyed hash>`."""
    email, phone = (lead.own_value(field) for field in ADDRESSES)
    values = [("email", email), *((channel, phone) for channel in _PHONE_CHANNELS)]
    return [mark_of(channel, value) for channel, value in values if value is not None]


def mark_of(channel: str, address: str) -> str:
    """What stands for an address on a channel where the address itself must not."""
    return f"{channel}#{identity_hash(channel, address.strip())}"


def note_pass(erasure: Erasure, deleted: dict[str, int]) -> None:
    """Writes down what a pass over all wings removed; one that found nothing completes the erasure.

    The first one that finds nothing after the latecomers' time ends the waiting too. Raises table.Stale when another
    worker was quicker.
    """
    erasure.deleted = {name: erasure.deleted.get(name, 0) + count for name, count in deleted.items()}
    last_look = clock.parse(str(erasure.created_at)) + _LATECOMERS
    if any(deleted.values()):
        _await_worker(erasure)
    else:
        erasure.status, erasure.completed_at = "completed", erasure.completed_at or clock.now_stamp()
        if last_look > clock.now():
            due.mark(erasure, WAITING_ERASURE, clock.stamp(last_look), erasure.id)
        else:
            due.clear(erasure)
            erasure.marks, erasure.related = [], []
    table.save(erasure)


def unattended_erasures() -> Iterator[Erasure]:
    """Erasures that are overdue and in nobody's hands."""
    return due.unattended(Erasure, WAITING_ERASURE)


def attend_again(erasure: Erasure) -> None:
    """Notes that an erasure goes back to the queue now. Raises table.Stale when it was moved on meanwhile."""
    _await_worker(erasure)
    table.save(erasure)


def _await_worker(erasure: Erasure) -> None:
    erasure.host_id = settings().host_id or None
    due.mark(erasure, WAITING_ERASURE, clock.stamp(clock.now() + _ATTENDED), erasure.id)
