"""Windows: hours and weekdays in somebody's time zone, of waits and of sends. Pure functions of values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, reset_tzpath

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# A window of minutes may be missing on the day the clocks go forward; the same day a week or two later has it.
_FARTHEST_DAYS = 31


def zone(name: str | None) -> ZoneInfo | None:
    """The IANA time zone of this name, by the database that comes with the product; None when it does not know it.

    A system's own copy may be years old: British Columbia keeps summer time for good from 2026-11-01, and a copy of
    that spring sends its mails an hour late all winter.
    """
    _take_no_copy_of_the_system()
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@cache
def _take_no_copy_of_the_system() -> None:
    reset_tzpath(to=())
    ZoneInfo.clear_cache()


def is_open(window: Mapping[str, Any], zone: ZoneInfo, moment: datetime) -> bool:
    """Whether the wall clock there shows a time in the window: `from` belongs to it, `to` does not."""
    local = moment.astimezone(zone)
    if DAYS[local.weekday()] not in window.get("days", DAYS):
        return False
    wall = local.replace(tzinfo=None, fold=0) - datetime.combine(local.date(), time())
    return _since_midnight(window["from"]) <= wall < _since_midnight(window["to"])


def opens_at(window: Mapping[str, Any], zone: ZoneInfo, moment: datetime) -> datetime:
    """The first moment from `moment` on that lies in the window, in UTC.

    It opens when the wall clock first shows `from` or, where `from` is skipped when the clocks go forward, the first
    time after it. An hour that comes twice is open twice. `moment` itself for a window that never opens.
    """
    if is_open(window, zone, moment):
        return moment
    today = moment.astimezone(zone).date()
    for number in range(-1, _FARTHEST_DAYS):
        candidates = sorted(_openings(window, zone, today + timedelta(days=number)))
        for candidate in candidates:
            if candidate >= moment and is_open(window, zone, candidate):
                return candidate
    return moment


def _openings(window: Mapping[str, Any], zone: ZoneInfo, day: date) -> Iterator[datetime]:
    """Moments of a day at which the window may open: its `from`, both times where it comes twice, and clock changes."""
    midnight = datetime.combine(day, time())
    start = midnight + _since_midnight(window["from"])
    for fold in (0, 1):
        yield start.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    before, after = (
        one.replace(tzinfo=zone).astimezone(UTC)
        for one in (midnight - timedelta(hours=3), midnight + timedelta(hours=27))
    )
    if before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
        yield _change_between(zone, before, after)


def _change_between(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The second at which the clocks change, found by halving."""
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == before.astimezone(zone).utcoffset():
            before = middle
        else:
            after = middle
    return after


def _since_midnight(text: str) -> timedelta:
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))
