"""Schedules of time-based triggers: the expressions of EventBridge Scheduler, and the moments they name.

Syntax and rules are those of https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html: cron and at
name local times of a zone; one that does not exist there, because clocks go forward, is skipped; one that comes twice,
because they go back, counts the first time alone. A rate is real time whatever clocks do; its first moment is one
period after its anchor. TIME_SCALE divides the period of a rate in the one-machine mode, never a time of day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from leadflow.core import clock, windows
from leadflow.workflows.rules_cron import Cron, parse_cron

# More occurrences than this that nobody attended to are not counted, only passed over.
MOST_COUNTED = 10_000
_SHORTEST_PERIOD = timedelta(seconds=1)
_LONGEST_RATE = timedelta(days=3660)
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_FORM = re.compile(r"(rate|cron|at)\((.*)\)", re.ASCII)
_RATE = re.compile(r"([0-9]{1,9}) +(minute|hour|day)s?", re.ASCII)
_AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}", re.ASCII)


@dataclass(frozen=True)
class Rate:
    """Every so often."""

    period: timedelta


@dataclass(frozen=True)
class Once:
    """One local time."""

    at: datetime


Schedule = Rate | Cron | Once


@dataclass(frozen=True)
class Calendar:
    """A schedule in its zone; `anchor` is where a rate is counted from."""

    schedule: Schedule
    zone: ZoneInfo
    anchor: datetime

    @classmethod
    def of(cls, config: Mapping[str, str], anchor: datetime) -> Calendar:
        """The calendar of a trigger's configuration. Raises ValueError with the reason for what is wrong in it."""
        zone = windows.zone(config.get("timezone", "UTC"))
        if zone is None:
            raise ValueError(f"{config['timezone']} is no time zone any more")
        return cls(parse(config["schedule"]), zone, anchor)

    def moments(self, after: datetime) -> Iterator[datetime]:
        """The moments later than `after`, in order, as UTC."""
        if isinstance(self.schedule, Rate):
            yield from self._rate_moments(self.schedule.period, after)
            return
        begin = after.astimezone(self.zone).replace(tzinfo=None)
        local_times = iter((self.schedule.at,)) if isinstance(self.schedule, Once) else self.schedule.times(begin)
        for local in local_times:
            moment = moment_of(local, self.zone)
            if moment is not None and moment > after:
                yield moment

    def next_after(self, after: datetime) -> datetime | None:
        """The first moment later than `after`; None when there is none to come."""
        return next(self.moments(after), None)

    def _rate_moments(self, period: timedelta, after: datetime) -> Iterator[datetime]:
        period = max(_whole_milliseconds(clock.waiting(period)), _SHORTEST_PERIOD)
        count = max(0, (after - self.anchor) // period)
        while True:
            count += 1
            yield self.anchor + count * period


@dataclass(frozen=True)
class Due:
    """What is to fire now: the latest moment that has come, how many came before it unattended, and the next one."""

    at: datetime
    missed: int
    following: datetime | None


def due(calendar: Calendar, first: datetime, now: datetime) -> Due:
    """What is due of the moments from `first`, which nobody has attended to and is not later than `now`.

    At most MOST_COUNTED missed ones are counted.
    """
    come = list(islice(takewhile(lambda moment: moment <= now, calendar.moments(first)), MOST_COUNTED))
    latest = come[-1] if come else first
    if len(come) == MOST_COUNTED:
        latest = _latest(calendar, latest, now)
    return Due(latest, len(come), calendar.next_after(latest))


def _latest(calendar: Calendar, at_least: datetime, now: datetime) -> datetime:
    """The last moment up to now, looked for from now backwards."""
    span = timedelta(hours=1)
    while now - span > at_least:
        latest = None
        for moment in takewhile(lambda moment: moment <= now, calendar.moments(now - span)):
            latest = moment
        if latest is not None:
            return latest
        span *= 2
    return at_least


def parse(text: str) -> Schedule:
    """The schedule an expression names. Raises ValueError with the reason when it is none."""
    form = _FORM.fullmatch(text.strip())
    if form is None:
        raise ValueError("must be rate(…), cron(…) or at(…)")
    kind, inner = form[1], form[2].strip()
    if kind == "cron":
        return parse_cron(inner)
    return _rate(inner) if kind == "rate" else _once(inner)


def _rate(text: str) -> Rate:
    found = _RATE.fullmatch(text)
    if found is None:
        raise ValueError("a rate is a number and minutes, hours or days, as in rate(15 minutes)")
    if int(found[1]) < 1:
        raise ValueError("a rate is at least 1 minute")
    if int(found[1]) > _LONGEST_RATE / _UNITS[found[2]]:
        raise ValueError(f"a rate is at most {_LONGEST_RATE.days} days")
    return Rate(int(found[1]) * _UNITS[found[2]])


def _once(text: str) -> Once:
    if not _AT.fullmatch(text):
        raise ValueError("at takes a local time without offset, as in at(2026-12-31T09:00:00)")
    try:
        return Once(datetime.fromisoformat(text))
    except ValueError:
        raise ValueError(f"{text} is no time of the calendar") from None


def moment_of(local: datetime, zone: ZoneInfo) -> datetime | None:
    """The moment a local time of this zone comes (first); None when clocks jump over it."""
    try:
        moment = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
        shown = moment.astimezone(zone).replace(tzinfo=None, fold=0)
    except OverflowError:
        return None
    return moment if shown == local else None


def _whole_milliseconds(period: timedelta) -> timedelta:
    """Moments are kept in milliseconds, and a moment must be found again from what is kept."""
    return timedelta(milliseconds=round(period / timedelta(milliseconds=1)))
