"""Where it is kept that a person was erased: the record of it, and the marks that keep the person from coming back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pynamodb.attributes import JSONAttribute, UnicodeAttribute
from pynamodb.transactions import TransactWrite

from leadflow.core import clock, due, table
from leadflow.core.settings import settings
from leadflow.leads.store.leads import Lead, UniqueIdentity, attempt, identity_hash

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

    pk `ERA#<lead>`  sk `#`  GSI3 due-index, kind `erasure`, until the last look is done

    `marks` are the keyed hashes of the addresses, as `<channel>#<hash>`, while they are needed to find the rest.
    """

    record_fields = ("id", "lead_id", "status", "deleted", "created_at", "updated_at", "completed_at")

    id = UnicodeAttribute()
    lead_id = UnicodeAttribute()
    status = UnicodeAttribute(default="running")
    deleted = JSONAttribute(default=dict)
    marks = JSONAttribute(default=list)
    completed_at = UnicodeAttribute(null=True)
    host_id = UnicodeAttribute(null=True)


def find_erasure(lead_id: str) -> Erasure | None:
    return table.find(Erasure, f"ERA#{lead_id}", "#")


def erase(lead: Lead) -> Erasure:
    """Deletes a lead that was read, marks its email and phone as erased, and notes what is left to do, in one step.

    Raises table.Stale when the lead has changed or gone since, or table.TransactionRefused when others were in the way.
    """
    erasure = Erasure(pk=f"ERA#{lead.id}", sk="#", id=lead.id, lead_id=lead.id, marks=marks_of(lead))
    erasure.touch()
    _await_worker(erasure)

    def change(writes: TransactWrite) -> None:
        writes.delete(lead, condition=Lead.pk.exists())
        writes.save(erasure, condition=Erasure.pk.does_not_exist())
        for identity in lead.identities().values():
            writes.update(
                identity,
                [UniqueIdentity.lead_id.remove(), UniqueIdentity.erased_at.set(erasure.created_at)],
                condition=UniqueIdentity.lead_id == lead.id,
                add_version_condition=False,
            )

    refused = attempt(change)
    if refused is None:
        return erasure
    if refused.failed(0) or refused.failed(1):
        raise table.Stale(lead.pk) from refused
    raise refused


def marks_of(lead: Lead) -> list[str]:
    """The lead's addresses as `<channel>#<keyed hash>`."""
    values = [("email", lead.email), *((channel, lead.phone) for channel in _PHONE_CHANNELS)]
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
            erasure.marks = []
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
