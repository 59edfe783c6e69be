"""The ledger of effects: what leaves the house is claimed before the call and settled after it.

An entry is an item under an id derived from its cause, so the same cause finds the same entry. Its life:

    (absent) → claimed → begun → settled as accepted, rejected, skipped or unknown

`claimed` says somebody is preparing it: when that one dies, another takes over, since nothing left the house.
`begun` is written right before the call: when that one dies, nobody knows, and the entry becomes `unknown`.
Unknown is never blindly repeated: the provider's own events settle it, or the policy of the kind of effect does once
the settle window is over.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from leadflow.core import clock, table
from leadflow.core.settings import settings

# Longer than any function may run that works on what it has claimed, so who claimed longer ago is dead.
LEASE = timedelta(minutes=6)
# How long a provider may take to report on a mail it took: SendGrid posts events within minutes, an hour is generous.
SETTLE_WINDOW = timedelta(minutes=60)
# The provider is not sped up by our TIME_SCALE: it always gets this long to report.
SHORTEST_SETTLE_WINDOW = timedelta(seconds=15)


class Outcome(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


class Standing(StrEnum):
    """What a claim found: it is ours to do, somebody is at it, it is settled, or nobody knows."""

    OURS = "ours"
    BUSY = "busy"
    SETTLED = "settled"
    UNKNOWN = "unknown"


class LedgerEntry(table.Item):
    """Attributes of every effect; item classes of the wings derive from it."""

    outcome = UnicodeAttribute(default=Outcome.PENDING.value)
    phase = UnicodeAttribute(default="claimed")
    attempt = NumberAttribute(default=1)
    lease_until = UnicodeAttribute(null=True)
    host_id = UnicodeAttribute(null=True)
    unknown_since = UnicodeAttribute(null=True)


def lease_end() -> str:
    return clock.stamp(clock.now() + LEASE)


def is_held(lease_until: str | None, host_id: str | None) -> bool:
    """Whether a lease is in force: not over, and not of an earlier one-machine host, which is dead."""
    current = settings().host_id or None
    return lease_until is not None and lease_until > clock.now_stamp() and host_id == current


def take(entry: LedgerEntry) -> None:
    """Puts our lease on an entry that is about to be written."""
    entry.phase, entry.outcome = "claimed", Outcome.PENDING.value
    entry.lease_until, entry.host_id = lease_end(), settings().host_id or None


def look(entry: LedgerEntry) -> Standing:
    """Where an entry that is already there stands, taking it over when who claimed it died before it began.

    The entry then holds what is stored. May raise table.Stale when another worker was quicker: look again.
    """
    if entry.outcome == Outcome.UNKNOWN:
        if entry.host_id != (settings().host_id or None):
            # While no host ran, no report could reach us: the provider gets its time anew.
            mark_unknown(entry)
        return Standing.UNKNOWN
    if entry.outcome != Outcome.PENDING:
        return Standing.SETTLED
    if is_held(entry.lease_until, entry.host_id):
        return Standing.BUSY
    if entry.phase == "begun":
        mark_unknown(entry)
        return Standing.UNKNOWN
    take(entry)
    table.save(entry)
    return Standing.OURS


def begin(entry: LedgerEntry) -> None:
    """Written right before the call. Raises table.Stale when the entry is no longer ours."""
    kind = type(entry)
    table.change(entry, [kind.phase.set("begun"), kind.lease_until.set(lease_end())])


def settle(entry: LedgerEntry, outcome: Outcome) -> None:
    """Writes what came of it. Raises table.Stale when somebody settled it meanwhile."""
    table.change(entry, [type(entry).outcome.set(outcome.value), type(entry).lease_until.remove()])


def mark_unknown(entry: LedgerEntry) -> None:
    """The call was made, or may have been, and nobody can say what it did."""
    kind, host = type(entry), settings().host_id
    table.change(
        entry,
        [
            kind.outcome.set(Outcome.UNKNOWN.value),
            kind.unknown_since.set(clock.now_stamp()),
            kind.lease_until.remove(),
            kind.host_id.set(host) if host else kind.host_id.remove(),
        ],
    )


def window_ends(entry: LedgerEntry) -> datetime:
    """When an unknown entry may be decided by policy, if no event of the provider has settled it by then."""
    return settled_by(clock.parse(entry.unknown_since) if entry.unknown_since else clock.now())


def settled_by(since: datetime) -> datetime:
    """Until when a provider has time to report on what is in doubt since then."""
    return since + max(clock.waiting(SETTLE_WINDOW), SHORTEST_SETTLE_WINDOW)
