"""When a source may be asked: its rate, how many ask it at once, and how long it wants to be left alone.

A rate is spent evenly: each request has a time of its own, one interval after the one before it, so that no window of
a minute ever holds more than the rate and one. Who comes early is given its time and waits for it, so waiting costs no
further tries and goes by turns. Sources that fail in a row are left alone, longer each time (a circuit breaker).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from leadflow.core import clock

# How many runs may wait for one source's answers at the same time: a slow one takes no more of the workers than that.
LANES = 8
# A call that has not ended by then has died.
LANE_LASTS = timedelta(minutes=2)
FAILURES_TO_OPEN = 5
_SHORTEST_BREAK = timedelta(seconds=30)
_LONGEST_BREAK = timedelta(minutes=30)
# Of fewer people it cannot be said how many a source finds.
ASKED_TO_JUDGE = 50
# Keys and credits are mended by people.
UNHEALTHY_BREAK = timedelta(minutes=15)
_LONGEST_HOLD = timedelta(days=1)


@dataclass(frozen=True)
class Meter:
    """How a source is being used; times are RFC 3339.

    `next_at` is the earliest time for a further request, `held_until` until when nobody asks and `held_for` why,
    `failures` how many calls in a row have failed, `lanes` until when the calls under way may last, by run.
    """

    next_at: str | None = None
    held_until: str | None = None
    held_for: str | None = None
    failures: int = 0
    lanes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Admission:
    """Whether a run may ask now: the meter to write, and when to come back if not."""

    meter: Meter
    slot: str | None
    wait_until: str | None = None
    reason: str | None = None

    @property
    def is_granted(self) -> bool:
        return self.wait_until is None


def admit(meter: Meter, run_id: str, slot: str | None, rate_per_minute: int | None, now: datetime) -> Admission:
    """`slot` is the time this run was given before, None if it comes for the first time.

    All times that were given are before `next_at`; those that are not were given at another rate, and do not count.
    """
    stamp = clock.stamp(now)
    if slot is not None and slot > stamp and slot >= (meter.next_at or ""):
        slot = None
    lanes = {run: until for run, until in meter.lanes.items() if until > stamp and run != run_id}
    meter = replace(meter, lanes=lanes)
    if meter.held_until is not None and meter.held_until > stamp:
        # Those who waited for a time before the end of the hold get new ones after it.
        late = replace(meter, next_at=max(meter.next_at or stamp, meter.held_until))
        given, meter = _slot(late, rate_per_minute, clock.parse(meter.held_until))
        return Admission(meter, given, given, meter.held_for)
    if slot is None:
        slot, meter = _slot(meter, rate_per_minute, now)
    if slot > stamp:
        return Admission(meter, slot, slot, "rate")
    if len(lanes) >= LANES:
        return Admission(meter, slot, stamp, "busy")
    return Admission(replace(meter, lanes={**lanes, run_id: clock.stamp(now + LANE_LASTS)}), slot)


def _slot(meter: Meter, rate_per_minute: int | None, earliest: datetime) -> tuple[str, Meter]:
    """A time for one request, and the meter with the time of the next."""
    at = max(clock.stamp(earliest), meter.next_at or "")
    if not rate_per_minute:
        return clock.stamp(earliest), meter
    following = clock.parse(at) + timedelta(minutes=1) / rate_per_minute
    return at, replace(meter, next_at=clock.stamp(following))


def answered(meter: Meter, run_id: str) -> Meter:
    """After a call that the source answered, whatever it said."""
    return replace(_left(meter, run_id), failures=0)


def failed(meter: Meter, run_id: str, now: datetime) -> Meter:
    """After a call that broke. From the fifth in a row on the source is left alone, twice as long each time."""
    meter = _left(meter, run_id)
    meter = replace(meter, failures=meter.failures + 1)
    if meter.failures < FAILURES_TO_OPEN:
        return meter
    pause = min(_SHORTEST_BREAK * 2 ** min(meter.failures - FAILURES_TO_OPEN, 10), _LONGEST_BREAK)
    return held(meter, now + pause, "failing", now)


def refused(meter: Meter, run_id: str, code: str, now: datetime) -> Meter:
    """After the source refused the account (`code` says why): asking again is for when somebody has mended it."""
    return held(_left(meter, run_id), now + UNHEALTHY_BREAK, code, now)


def told_to_wait(meter: Meter, run_id: str, seconds: float, now: datetime) -> Meter:
    """After the source asked for a pause, of a day at most."""
    pause = min(timedelta(seconds=max(1.0, seconds)), _LONGEST_HOLD)
    return held(_left(meter, run_id), now + pause, "rate", now)


def finds_too_little(asked: int, found: int, least: float) -> bool:
    """Whether a source that was asked about so many people has found a smaller share of them than the least, 0..1."""
    return asked >= ASKED_TO_JUDGE and found < least * asked


def held(meter: Meter, until: datetime, reason: str, now: datetime) -> Meter:
    """Nobody asks until then, or until a later time that was set before."""
    stamp = clock.stamp(until)
    if meter.held_until is not None and meter.held_until >= max(stamp, clock.stamp(now)):
        return meter
    return replace(meter, held_until=stamp, held_for=reason)


def _left(meter: Meter, run_id: str) -> Meter:
    return replace(meter, lanes={run: until for run, until in meter.lanes.items() if run != run_id})
