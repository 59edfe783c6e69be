"""How many mails of a campaign may go out now: per second, per hour, and by the day of its warm-up. Pure.

What went out is counted in a `Spent`, which is kept in the table, so a limit holds for all workers together and
whatever restarts. A second is paced: so many mails, then the time they take. An hour is any 60 minutes, kept to the
minute and rounded so that it is never more. A day of the warm-up is 24 hours counted from the launch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from leadflow.core import clock

_HOUR_MINUTES = 60
_MINUTE_SECONDS = 60
_DAY = timedelta(days=1)
_PLENTY = 1_000_000_000


@dataclass(frozen=True)
class Limits:
    """What a campaign allows since its launch at `started`; None is no limit. `warm_up` are `{day, max}`, in order."""

    started: datetime
    per_second: int | None = None
    per_hour: int | None = None
    warm_up: Sequence[Mapping[str, Any]] = ()

    @property
    def exist(self) -> bool:
        """Whether there is any."""
        return self.per_second is not None or self.per_hour is not None or bool(self.warm_up)


@dataclass(frozen=True)
class Spent:
    """What went out: until when the last mails take, how many in which minute (since 1970), how many on which day."""

    until: datetime | None = None
    minutes: Mapping[int, int] = field(default_factory=dict)
    day: int = 0
    on_day: int = 0


@dataclass(frozen=True)
class Grant:
    """How many may go out now, what is spent then, and when to ask again; `again_at` is None when all were granted."""

    count: int
    spent: Spent
    again_at: datetime | None = None


def limits_of(campaign: Mapping[str, Any], now: datetime) -> Limits:
    """The limits of a campaign's record; of one that was not launched yet, as if it were launched now."""
    started = campaign["started_at"]
    return Limits(
        clock.parse(str(started)) if started else now,
        campaign["rate_per_second"],
        campaign["rate_per_hour"],
        campaign["warm_up"] or (),
    )


def grant(limits: Limits, spent: Spent, wanted: int, now: datetime) -> Grant:
    """As many of the wanted mails as every limit allows at this moment."""
    spent = _current(limits, spent, now)
    count = max(0, min(wanted, *(room for room, _ in _rooms(limits, spent, now))))
    if count:
        spent = _after(limits, spent, count, now)
    if count == wanted:
        return Grant(count, spent)
    return Grant(count, spent, max(free_at for room, free_at in _rooms(limits, spent, now) if room <= 0))


def daily_limit(warm_up: Sequence[Mapping[str, Any]], day: int) -> int | None:
    """How many mails may go out on this day of the campaign (the first is 1); None when any number may.

    Each entry holds until the next one it names; the last one ends with its day.
    """
    named = [entry for entry in warm_up if int(entry["day"]) <= day]
    if not named or day > int(warm_up[-1]["day"]):
        return None
    return int(named[-1]["max"])


def _rooms(limits: Limits, spent: Spent, now: datetime) -> list[tuple[int, datetime]]:
    """For each limit, how many more it allows now, and when it will allow more if that is none."""
    return [_second(limits, spent, now), _hour(limits, spent, now), _day(limits, spent, now)]


def _current(limits: Limits, spent: Spent, now: datetime) -> Spent:
    minute, day = _minute(now), _day_number(limits, now)
    recent = {number: count for number, count in spent.minutes.items() if number >= minute - _HOUR_MINUTES}
    return Spent(spent.until, recent, day, spent.on_day if spent.day == day else 0)


def _second(limits: Limits, spent: Spent, now: datetime) -> tuple[int, datetime]:
    if limits.per_second is None:
        return _PLENTY, now
    if spent.until is not None and spent.until > now:
        return 0, spent.until
    return limits.per_second, now


def _hour(limits: Limits, spent: Spent, now: datetime) -> tuple[int, datetime]:
    if limits.per_hour is None:
        return _PLENTY, now
    room = limits.per_hour - sum(spent.minutes.values())
    if room > 0:
        return room, now
    # The first minute that is over an hour old makes room again.
    oldest = min(spent.minutes)
    return room, datetime.fromtimestamp((oldest + _HOUR_MINUTES + 1) * _MINUTE_SECONDS, now.tzinfo)


def _day(limits: Limits, spent: Spent, now: datetime) -> tuple[int, datetime]:
    day = _day_number(limits, now)
    most = daily_limit(limits.warm_up, day)
    return (_PLENTY, now) if most is None else (most - spent.on_day, limits.started + _DAY * day)


def _after(limits: Limits, spent: Spent, count: int, now: datetime) -> Spent:
    until = now + timedelta(seconds=count / limits.per_second) if limits.per_second else None
    minute = _minute(now)
    minutes = {**spent.minutes, minute: spent.minutes.get(minute, 0) + count} if limits.per_hour else {}
    return Spent(until, minutes, spent.day, spent.on_day + count)


def _minute(moment: datetime) -> int:
    return int(moment.timestamp() // _MINUTE_SECONDS)


def _day_number(limits: Limits, moment: datetime) -> int:
    return max(0, (moment - limits.started) // _DAY) + 1
