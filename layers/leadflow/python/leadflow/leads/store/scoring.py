"""Where it is kept what scores are made by, and how far leads are scored by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.transactions import TransactWrite

from leadflow.core import clock, table
from leadflow.core.settings import settings
from leadflow.leads.store.leads import Lead, attempt
from leadflow.leads.store.signals import IntentSignal

_KEY = ("SCORING", "#")
# An announcement that has done nothing by then is taken for lost; longer than a worker may run.
_ATTENDED = timedelta(minutes=6)
# Everything that had read the settings before them has ended by then.
_LATECOMERS = timedelta(minutes=10)
_PAGE = 200


class ScoringSettings(table.Item, discriminator="ScoringSettings"):
    """What scores are made by; nothing is there until it is settled.

    pk `SCORING`  sk `#`

    Until all leads are scored by it `due_at` says when it is due: there is one, so reconcile looks at it by its key.
    `cursor` is how far the walk over the leads is, `rescored` how many it has scored again, `owner` the announcement
    whose worker is at it until `lease_until`. After the walk it is looked once more at leads that were being written
    when the settings changed: `walked_at` says that this is what is left.
    """

    revision = NumberAttribute(default=0)
    signals = JSONAttribute(default=dict)
    fit_rules = JSONAttribute(default=list)
    cursor = UnicodeAttribute(null=True)
    rescored = NumberAttribute(default=0)
    put_at = UnicodeAttribute(null=True)
    walked_at = UnicodeAttribute(null=True)
    due_at = UnicodeAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    lease_until = UnicodeAttribute(null=True)
    host_id = UnicodeAttribute(null=True)

    def is_held_from(self, owner: str) -> bool:
        """Whether another worker is at it. The workers of an earlier one-machine host have ended with it."""
        if self.owner in (None, owner) or self.host_id != (settings().host_id or None):
            return False
        return (self.lease_until or "") > clock.now_stamp()

    @property
    def is_walked(self) -> bool:
        return self.walked_at is not None


def find_settings() -> ScoringSettings | None:
    return table.find(ScoringSettings, *_KEY)


def new_settings() -> ScoringSettings:
    return ScoringSettings(pk=_KEY[0], sk=_KEY[1])


def put(found: ScoringSettings) -> None:
    """Writes settings that were read or are new, and begins the walk over the leads.

    Raises table.Stale when others have changed them since, table.AlreadyThere when they are there meanwhile.
    """
    found.revision += 1
    found.cursor, found.rescored, found.walked_at, found.put_at = None, 0, None, clock.now_stamp()
    await_worker(found)
    if found.v is None:
        table.create(found)
    else:
        table.save(found)


def take(found: ScoringSettings, owner: str) -> None:
    """Takes the walk for a worker. Raises table.Stale when another was quicker."""
    found.host_id = settings().host_id or None
    found.owner, found.lease_until = owner, clock.stamp(clock.now() + _ATTENDED)
    found.due_at = found.lease_until
    table.save(found)


def await_worker(found: ScoringSettings) -> None:
    """Puts settings that are about to be written where reconcile finds them when no worker comes."""
    found.host_id, found.owner, found.lease_until = settings().host_id or None, None, None
    found.due_at = clock.stamp(clock.now() + _ATTENDED)


def release(found: ScoringSettings) -> None:
    """Lets go of the walk, which goes on. Raises table.Stale when another has it."""
    await_worker(found)
    table.save(found)


def note_walked(found: ScoringSettings) -> None:
    """Notes that all leads were seen; the last look comes when every function of before has ended."""
    found.owner, found.cursor, found.host_id = None, None, settings().host_id or None
    last_look = clock.parse(str(found.put_at)) + _LATECOMERS
    if found.walked_at is None or last_look > clock.now():
        found.walked_at = clock.now_stamp()
        found.due_at = clock.stamp(max(last_look, clock.now()))
    else:
        found.due_at = None
    table.save(found)


def begun_before(found: ScoringSettings) -> str:
    """Leads that were added before this time have been seen by the first walk for sure."""
    return clock.stamp(clock.parse(str(found.put_at)) - _LATECOMERS)


def unattended() -> ScoringSettings | None:
    """Settings whose walk is overdue, or was left by an earlier one-machine host."""
    found = find_settings()
    if found is None or found.due_at is None:
        return None
    return found if found.due_at < clock.now_stamp() or found.host_id != (settings().host_id or None) else None


def signals_from(lead_id: str, first: str, before: str | None = None) -> Iterator[IntentSignal]:
    """Signals of a very lead, newest first: with an id from `first` on, and below `before` where that is given."""
    after = None if before is None else f"SIG#{before}"
    while True:
        found = table.query_items(IntentSignal, f"LEAD#{lead_id}", prefix="SIG#", after=after, limit=_PAGE)
        for signal in found:
            if signal.id < first:
                return
            yield signal
        if len(found) < _PAGE:
            return
        after = found[-1].sk


def rescore(leads: Sequence[Lead]) -> None:
    """Writes a lead and its parts with other scores, all or nothing.

    Raises table.Stale when one of them has changed or gone since, or table.TransactionRefused when others were in the
    way.
    """
    for lead in leads:
        lead.touch()
        lead.place()

    def change(writes: TransactWrite) -> None:
        for lead in leads:
            writes.save(lead)

    refused = attempt(change)
    if refused is None:
        return
    if any(refused.failed(position) for position in range(len(leads))):
        raise table.Stale(leads[0].pk) from refused
    raise refused
