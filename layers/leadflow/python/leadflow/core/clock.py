"""Time: always aware UTC, written as RFC 3339 with milliseconds and Z, read through one seam."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from leadflow.core import seams
from leadflow.core.settings import settings


def now() -> datetime:
    """The present, in whole milliseconds, so that what is kept equals what was decided on."""
    moment = seams.current().clock()
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC: `2026-01-31T09:30:00.000Z`; sorts as text in the order of time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now_stamp() -> str:
    return stamp(now())


def parse(text: str) -> datetime:
    """The moment an RFC 3339 text names. Raises ValueError for anything else, a missing offset included."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs an offset or Z")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is beyond the calendar") from error


def epoch_seconds(moment: datetime) -> int:
    """Seconds since 1970, as DynamoDB's time to live wants them."""
    return int(moment.timestamp())


def waiting(delay: timedelta) -> timedelta:
    """How long we really wait for what was asked as `delay`: shorter by TIME_SCALE in the one-machine mode alone.

    For step delays, workflow waits, schedule periods and settle windows; never for ages, leases, budgets or times
    that are kept in a record.
    """
    return delay / settings().time_scale
