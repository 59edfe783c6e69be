"""When a source need not be asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from leadflow.core import clock
from leadflow.enrichment.rules import freshness

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("outcome", "ttl_days", "fresh_days"),
    [("matched", None, 30), ("partial", 90, 90), ("not_found", None, 7), ("not_found", 2, 2), ("ambiguous", 90, 7)],
)
def test_it_lasts_so_long(outcome: str, ttl_days: int | None, fresh_days: int) -> None:
    mark = {"at": clock.stamp(NOW), "outcome": outcome, "fields": ["skills"], "identity": "a"}
    end = NOW + timedelta(days=fresh_days)

    assert freshness.is_fresh(mark, {"skills"}, "a", ttl_days, end - timedelta(seconds=1))
    assert not freshness.is_fresh(mark, {"skills"}, "a", ttl_days, end)


def test_another_person_or_more_fields_are_another_question() -> None:
    mark = {"at": clock.stamp(NOW), "outcome": "matched", "fields": ["skills"], "identity": "a"}

    assert not freshness.is_fresh(mark, {"skills"}, "b", None, NOW)
    assert not freshness.is_fresh(mark, {"skills", "job_title"}, "a", None, NOW)
    assert not freshness.is_fresh(None, {"skills"}, "a", None, NOW)
