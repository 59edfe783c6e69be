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


def test_what_was_asked_for_before_stays_known_for_its_own_time() -> None:
    first = freshness.marked(None, "matched", {"skills", "job_title"}, "a", NOW)
    second = freshness.marked(first, "not_found", {"job_title"}, "a", NOW + timedelta(days=5))
    third = freshness.marked(second, "partial", {"tech_stack"}, "a", NOW + timedelta(days=6))
    end = NOW + timedelta(days=30)

    assert freshness.is_fresh(third, {"skills", "tech_stack"}, "a", None, end - timedelta(seconds=1))
    assert not freshness.is_fresh(third, {"skills"}, "a", None, end)
    assert freshness.is_fresh(third, {"job_title"}, "a", None, NOW + timedelta(days=11))
    assert not freshness.is_fresh(third, {"job_title"}, "a", None, NOW + timedelta(days=12))
    assert not freshness.is_fresh(third, {"github_url"}, "a", None, NOW + timedelta(days=6))
    assert [freshness.outcome_of(third, {name}) for name in ("skills", "job_title", "tech_stack")] == [
        "matched",
        "not_found",
        "partial",
    ]
    assert freshness.marked(third, "matched", {"skills"}, "b", NOW)["earlier"] == {}
