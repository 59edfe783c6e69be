"""When a source need not be asked again: what it said is still fresh, or it has just not known the person."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import datetime, timedelta
from typing import Any

from leadflow.core import clock

DEFAULT_TTL_DAYS = 30
# A person that a source does not know today may be known to it next week.
NEGATIVE_TTL_DAYS = 7
_MISSED = ("not_found", "ambiguous")


def lasts(outcome: str, ttl_days: int | None) -> timedelta:
    """How long an answer of this outcome is fresh."""
    days = DEFAULT_TTL_DAYS if ttl_days is None else ttl_days
    return timedelta(days=min(days, NEGATIVE_TTL_DAYS) if outcome in _MISSED else days)


def is_fresh(
    mark: Mapping[str, Any] | None, fields: Set[str], identity: str, ttl_days: int | None, now: datetime
) -> bool:
    """Whether the answers that `mark` is about still hold for these fields of a person known by this identity.

    A mark has `at`, `outcome`, the `fields` that were asked for last and the `identity` (a hash of what was known of
    the person); `earlier` has time and outcome of fields that were asked for before. Another identity, or a field
    nobody asked for, is another question.
    """
    if mark is None or mark["identity"] != identity:
        return False
    told = [_told_of(mark, name) for name in fields] or [[mark["at"], mark["outcome"]]]
    return all(one is not None and now - clock.parse(one[0]) < lasts(one[1], ttl_days) for one in told)


def marked(
    before: Mapping[str, Any] | None, outcome: str, fields: Set[str], identity: str, now: datetime
) -> dict[str, Any]:
    """The mark after an answer; what the same source said of other fields before goes on being known."""
    earlier: dict[str, Any] = {}
    if before is not None and before["identity"] == identity:
        names = {*before["fields"], *before.get("earlier", {})} - fields
        earlier = {name: _told_of(before, name) for name in sorted(names)}
    return {
        "at": clock.stamp(now),
        "outcome": outcome,
        "fields": sorted(fields),
        "identity": identity,
        "earlier": earlier,
    }


def outcome_of(mark: Mapping[str, Any], fields: Set[str]) -> str:
    """What the source said when it was last asked for these fields."""
    told = [one for name in fields if (one := _told_of(mark, name)) is not None]
    return str(max(told)[1]) if told else str(mark["outcome"])


def _told_of(mark: Mapping[str, Any], field: str) -> list[str] | None:
    """When a field was last asked for, and the outcome."""
    return [mark["at"], mark["outcome"]] if field in mark["fields"] else mark.get("earlier", {}).get(field)
