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
    """Whether the answer that `mark` is about still holds for these fields of a person known by this identity.

    A mark has `at`, `outcome`, the `fields` that were asked for and the `identity` (a hash of what was known of the
    person). One about fewer fields or another identity is about another question.
    """
    if mark is None or mark["identity"] != identity or not fields <= set(mark["fields"]):
        return False
    return now - clock.parse(mark["at"]) < lasts(mark["outcome"], ttl_days)
