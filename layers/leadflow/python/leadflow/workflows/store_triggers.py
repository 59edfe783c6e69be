"""Items of triggers that the clock or a stranger sets off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from leadflow.core import clock, due, table
from leadflow.core.secrets import keyed_hash
from leadflow.core.settings import settings
from leadflow.workflows.store import ActiveTrigger

TIMETABLES, OCCURRENCES = "timetable", "occurrence"
_PARTITION = "TRGIDX#time_based"


class Timetable(ActiveTrigger, discriminator="Timetable"):
    """A time-based trigger in force, and when it fires next.

    pk `TRGIDX#time_based`  sk `<workflow>#<trigger>#<version>`  GSI3 due-index, kind `timetable`

    `anchor` is where a rate is counted from, `next_at` the next moment nobody has attended to, null after the last.
    """

    anchor = UnicodeAttribute()
    next_at = UnicodeAttribute(null=True)
    host_id = UnicodeAttribute(null=True)


class Occurrence(table.Item, discriminator="Occurrence"):
    """One moment of a trigger with an audience, whose runs are begun page by page of the list of leads.

    pk `OCC#<id>`  sk `#`  GSI3 due-index, kind `occurrence`, while walking

    `status` is walking, done or stopped (its trigger is out of force), `cursor` the list's, `begun` how many runs.
    """

    id = UnicodeAttribute()
    workflow_id = UnicodeAttribute()
    trigger_id = UnicodeAttribute()
    scheduled_at = UnicodeAttribute()
    missed = NumberAttribute(default=0)
    status = UnicodeAttribute(default="walking")
    cursor = UnicodeAttribute(null=True)
    begun = NumberAttribute(default=0)
    host_id = UnicodeAttribute(null=True)


class HookDelivery(table.Item, discriminator="HookDelivery"):
    """That a delivery to a hook came, under the id its sender gave it, and the run it began; kept for 7 days.

    pk `HKD#<keyed hash of trigger and delivery id>`  sk `#`
    """

    execution_id = UnicodeAttribute(null=True)

    @property
    def in_force(self) -> bool:
        """Whether it still counts; an expired item stays in the table for a while."""
        return (self.expires_at or 0) > clock.epoch_seconds(clock.now())


def timetable_key(workflow_id: str, trigger_id: str, version: int) -> tuple[str, str]:
    return _PARTITION, f"{workflow_id}#{trigger_id}#{version}"


def find_timetable(workflow_id: str, trigger_id: str, version: int) -> Timetable | None:
    return table.find(Timetable, *timetable_key(workflow_id, trigger_id, version))


def timetables_at(keys: Iterable[tuple[str, str]]) -> list[Timetable]:
    """The timetables that stand at these keys of the trigger index; other keys are passed over."""
    return table.find_many(Timetable, [key for key in sorted(keys) if key[0] == _PARTITION])


def find_occurrence(occurrence_id: str) -> Occurrence | None:
    return table.find(Occurrence, f"OCC#{occurrence_id}", "#")


def new_occurrence(occurrence_id: str, timetable: Timetable, scheduled_at: str, missed: int) -> Occurrence:
    """An occurrence with its keys, not yet written."""
    return Occurrence(
        pk=f"OCC#{occurrence_id}",
        sk="#",
        id=occurrence_id,
        workflow_id=timetable.workflow_id,
        trigger_id=timetable.trigger_id,
        scheduled_at=scheduled_at,
        missed=missed,
    )


def await_at(item: Timetable | Occurrence, at: str) -> None:
    """Puts an item that is about to be written into the due-index, in the hands of this host."""
    item.host_id = settings().host_id or None
    if isinstance(item, Occurrence):
        due.mark(item, OCCURRENCES, at, item.id)
    else:
        due.mark(item, TIMETABLES, at, f"{item.trigger_id}#{int(item.version)}")


def unattended() -> Iterator[Timetable | Occurrence]:
    """Timetables and occurrences whose time has passed and that nobody is at."""
    yield from due.unattended(Timetable, TIMETABLES)
    yield from due.unattended(Occurrence, OCCURRENCES)


def delivery_name(trigger_id: str, delivery_id: str) -> str:
    """What stands for a delivery id in keys."""
    return keyed_hash("hook delivery", trigger_id, delivery_id)


def find_delivery(name: str) -> HookDelivery | None:
    return table.find(HookDelivery, f"HKD#{name}", "#")


def new_delivery(name: str, expires_at: int, expired: HookDelivery | None) -> HookDelivery:
    """A delivery that is about to be written, in place of an expired one; `expires_at` in epoch seconds."""
    made = HookDelivery(pk=f"HKD#{name}", sk="#", expires_at=expires_at)
    if expired is not None:
        made.v = expired.v
    return made
