"""Cohorts: how an audience goes through the steps of a campaign. Pure functions of values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from leadflow.core import clock

# A provider takes this many mails in one call.
MAX_MEMBERS = 1_000
# Members who wait for their window to open go together when it opens within the same so many minutes.
_TOGETHER = timedelta(minutes=15)
# A cohort parts into this many at once at most, since all are written in one transaction; the last takes the rest.
MAX_PARTS = 40


def by_opening(waits: Mapping[str, datetime]) -> list[tuple[datetime, list[str]]]:
    """Members by the moment they may be written to, those within a quarter of an hour together, in order of time.

    Each group waits for its latest member. Beyond MAX_PARTS groups the last one holds all the rest.
    """
    groups: dict[int, list[tuple[datetime, str]]] = {}
    for member, moment in waits.items():
        groups.setdefault(int(moment.timestamp() // _TOGETHER.total_seconds()), []).append((moment, member))
    ordered = [groups[number] for number in sorted(groups)]
    if len(ordered) > MAX_PARTS:
        ordered[MAX_PARTS - 1 :] = [[pair for group in ordered[MAX_PARTS - 1 :] for pair in group]]
    return [(max(moment for moment, _ in group), [member for _, member in group]) for group in ordered]


def come_together(joined: Mapping[str, str]) -> tuple[str, list[str]]:
    """Who of those who joined, by when (RFC 3339), makes one cohort: the first of them, and who came soon after.

    Gives when the first one came, and all who came within a quarter of an hour of that, in their order. Raises
    ValueError when there is nobody.
    """
    first = min(joined.values())
    until = clock.stamp(clock.parse(first) + _TOGETHER)
    return first, [member for member, at in joined.items() if at <= until]


def without(members: Sequence[str], gone: Iterable[str]) -> list[str]:
    """These members but for some, in their order."""
    left_out = set(gone)
    return [member for member in members if member not in left_out]
