"""How many mails of a campaign may go out now: per second, per hour, and by its warm-up; and how often to a person.

Limits are counts per window of time that begin at zero: a window is named, so that its count can be kept in the table
under that name, and what is left of all limits together is what may go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from leadflow.core import clock

_DAY = timedelta(hours=24)


class Limit(NamedTuple):
    """At most `most` mails in the window of this name, which ends at `ends`; a new one then begins at zero."""

    window: str
    most: int
    ends: datetime


class Grant(NamedTuple):
    """How many of the mails may go now, and when to ask for the rest; None when there is no rest."""

    number: int
    again_at: datetime | None


def limits(campaign: Mapping[str, Any], now: datetime) -> list[Limit]:
    """The limits in force at this moment, the shortest first; none for a campaign that has none.

    Windows are seconds and hours of UTC, and for the warm-up the days since `started_at`.
    """
    found = []
    second = now.replace(microsecond=0)
    if campaign["rate_per_second"] is not None:
        window = f"S#{clock.epoch_seconds(second)}"
        found.append(Limit(window, int(campaign["rate_per_second"]), second + timedelta(seconds=1)))
    if campaign["rate_per_hour"] is not None:
        hour = second.replace(minute=0, second=0)
        found.append(Limit(f"H#{hour:%Y-%m-%dT%H}", int(campaign["rate_per_hour"]), hour + timedelta(hours=1)))
    ramp = ramp_of(campaign, now)
    return found if ramp is None else [*found, ramp]


def ramp_of(campaign: Mapping[str, Any], now: datetime) -> Limit | None:
    """The limit of the warm-up's day; None before it begins and once it is over."""
    days: Sequence[Mapping[str, Any]] = campaign["warm_up"] or ()
    if not days or campaign["started_at"] is None:
        return None
    started = clock.parse(str(campaign["started_at"]))
    number = max((now - started) // _DAY, 0) + 1
    if number > int(days[-1]["day"]):
        return None
    reached = [one for one in days if int(one["day"]) <= number]
    return Limit(f"D#{number}", int(reached[-1]["max"]), started + number * _DAY) if reached else None


def granted(wanted: int, in_force: Sequence[Limit], used: Mapping[str, int]) -> Grant:
    """How many of `wanted` mails fit into all limits, of which so many are `used` by window name."""
    left = {limit: max(limit.most - used.get(limit.window, 0), 0) for limit in in_force}
    count = min([wanted, *left.values()])
    if count >= wanted:
        return Grant(wanted, None)
    # The longest window that is in the way says when asking again is of use.
    return Grant(count, max(limit.ends for limit, free in left.items() if free == min(left.values())))


def capped_until(cap: Mapping[str, Any] | None, sent: Sequence[datetime], now: datetime) -> datetime | None:
    """When the person may get another mail, for whom mails went out at these times; None when they may now.

    Of any `per_hours` hours at most `max` mails fall into one such stretch.
    """
    if cap is None:
        return None
    stretch = timedelta(hours=int(cap["per_hours"]))
    recent = sorted(at for at in sent if at > now - stretch)
    return recent[-int(cap["max"])] + stretch if len(recent) >= int(cap["max"]) else None
