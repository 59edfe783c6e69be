"""A campaign thought through on a virtual clock: when how many mails of which step would go out.

Members who go the same way (the same fate at every step, in the same time zone) are counted together, so what it takes
does not grow with the audience but with the ways there are. Windows, rates and the order of steps are decided by the
rules that the engine asks.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from leadflow.campaigns.rules import cohorts, rates, sequence, windows
from leadflow.core import clock

# Beyond so many mails what may go out in a second is taken for what may go out in an hour of them.
_PACED_BY_SECOND = 20_000
_SECONDS_PER_HOUR = 3_600


class Fate(NamedTuple):
    """What is to become of a member at a step: the template it is sent, or the reason it is skipped for."""

    template_id: str | None
    reason: str | None = None


class Way(NamedTuple):
    """Which way members go: their fate at each step, and the time zone they have (None: the campaign's)."""

    fates: tuple[Fate, ...]
    timezone: str | None


@dataclass
class Course:
    """What a simulated campaign comes to. `hours` counts mails by hour (RFC 3339) and step number."""

    hours: Counter[tuple[str, int]] = field(default_factory=Counter)
    first: dict[int, datetime] = field(default_factory=dict)
    last: dict[int, datetime] = field(default_factory=dict)
    calls: int = 0
    ends: datetime | None = None


@dataclass
class _Cohort:
    step: int
    members: dict[Way, int]
    left: dict[Way, int]


def run(
    campaign: Mapping[str, Any], steps: Sequence[sequence.Step], ways: Mapping[Way, int], start: datetime
) -> Course:
    """The course of a campaign that is launched at `start` with so many members on each way."""
    steps, course = sequence.in_order(steps), Course()
    numbers = itertools.count()
    waiting: list[tuple[datetime, int, _Cohort]] = []

    def wait(moment: datetime, cohort: _Cohort) -> None:
        heapq.heappush(waiting, (moment, next(numbers), cohort))

    limits = _limits({**campaign, "started_at": clock.stamp(start)}, start, sum(ways.values()) * len(steps))
    spent = rates.Spent()
    for members in _cohorts(ways) if steps else ():
        wait(sequence.due_at(steps[0], start), _Cohort(0, members, dict(members)))
    while waiting:
        now, _, cohort = heapq.heappop(waiting)
        for moment, part in _parted(campaign, cohort, now):
            wait(moment, part)
        granted = rates.grant(limits, spent, _wanted(cohort), now)
        spent = granted.spent
        _send(cohort, granted.count, now, int(steps[cohort.step]["step_number"]), course)
        if granted.again_at is not None:
            wait(granted.again_at, cohort)
            continue
        course.ends = max(course.ends or now, now)
        if cohort.step + 1 < len(steps) and cohort.members:
            following = _Cohort(cohort.step + 1, cohort.members, dict(cohort.members))
            wait(sequence.due_at(steps[cohort.step + 1], now), following)
    return course


def _limits(campaign: Mapping[str, Any], now: datetime, mails: int) -> rates.Limits:
    limits = rates.limits_of(campaign, now)
    if limits.per_second is None or mails <= _PACED_BY_SECOND:
        return limits
    per_hour = limits.per_second * _SECONDS_PER_HOUR
    return replace(limits, per_second=None, per_hour=min(per_hour, limits.per_hour or per_hour))


def _cohorts(ways: Mapping[Way, int]) -> Iterator[dict[Way, int]]:
    """The members in cohorts as large as the engine's."""
    cohort: dict[Way, int] = {}
    for way, count in ways.items():
        while count:
            taken = min(count, cohorts.MAX_MEMBERS - sum(cohort.values()))
            cohort[way], count = cohort.get(way, 0) + taken, count - taken
            if sum(cohort.values()) == cohorts.MAX_MEMBERS:
                yield cohort
                cohort = {}
    if cohort:
        yield cohort


def _parted(campaign: Mapping[str, Any], cohort: _Cohort, now: datetime) -> list[tuple[datetime, _Cohort]]:
    """Members whose window is closed, taken out of the cohort, by the moment they may be written to."""
    opening = {
        way: opens
        for way in cohort.left
        if way.fates[cohort.step].template_id is not None
        and (opens := windows.opens_at(campaign, {"timezone": way.timezone}, now)) > now
    }
    parts: dict[datetime, _Cohort] = {}
    for way, opens in opening.items():
        part = parts.setdefault(opens, _Cohort(cohort.step, {}, {}))
        part.members[way] = part.left[way] = cohort.left.pop(way)
        cohort.members[way] -= part.members[way]
        if not cohort.members[way]:
            del cohort.members[way]
    return sorted(parts.items(), key=lambda pair: pair[0])


def _wanted(cohort: _Cohort) -> int:
    return sum(count for way, count in cohort.left.items() if way.fates[cohort.step].template_id is not None)


def _send(cohort: _Cohort, granted: int, now: datetime, step_number: int, course: Course) -> None:
    by_template: Counter[str] = Counter()
    for way in list(cohort.left):
        template_id = way.fates[cohort.step].template_id
        taken = cohort.left[way] if template_id is None else min(cohort.left[way], granted)
        if template_id is not None:
            granted -= taken
            by_template[template_id] += taken
        cohort.left[way] -= taken
        if not cohort.left[way]:
            del cohort.left[way]
    sent = by_template.total()
    if sent:
        course.hours[f"{clock.stamp(now)[:13]}:00:00.000Z", step_number] += sent
        course.first.setdefault(step_number, now)
        course.last[step_number] = now
        course.calls += sum(math.ceil(count / cohorts.MAX_MEMBERS) for count in by_template.values() if count)
