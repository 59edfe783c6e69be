"""Decisions about leads."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leadflow.core.errors import InvalidInput
from leadflow.leads import rules

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STAMP = "2026-03-02T09:00:00.000Z"
impacts = st.floats(-100, 100).map(lambda impact: round(impact, 6))
moments = st.datetimes(datetime(2019, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given UTC
ages = st.integers(0, 1000 * 86400).map(lambda seconds: timedelta(seconds=seconds))
ledgers = st.lists(st.tuples(impacts, ages), max_size=30)


def score_of(engagement: int, at: datetime) -> int:
    return rules.score(rules.Sums({"email_open": engagement}, at), rules.Scoring())


def engagement_of(ledger: list[tuple[float, timedelta]]) -> int:
    return sum(rules.weight(impact, NOW - age) for impact, age in ledger)


@given(ledger=ledgers, order=st.randoms(use_true_random=False))
def test_the_sum_does_not_depend_on_the_order(ledger: list[tuple[float, timedelta]], order: random.Random) -> None:
    shuffled = list(ledger)
    order.shuffle(shuffled)

    assert engagement_of(shuffled) == engagement_of(ledger)


@given(ledger=ledgers, later=ages)
def test_the_score_is_the_sum_of_what_is_left_of_each_signal(
    ledger: list[tuple[float, timedelta]], later: timedelta
) -> None:
    points = math.fsum(impact * 0.5 ** ((age + later) / rules.HALF_LIFE) for impact, age in ledger)
    # Right at a half the two ways of reckoning may fall to different sides.
    assume(abs(points % 1 - 0.5) > 2e-6)

    assert score_of(engagement_of(ledger), NOW + later) == max(0, min(100, math.floor(points + 0.5)))


@given(points=st.integers(0, 99), at=moments)
def test_a_half_is_rounded_up_at_any_time(points: int, at: datetime) -> None:
    assert score_of(rules.weight(points + 0.5, at), at) == points + 1
    assert score_of(rules.weight(points + 0.499, at), at) == points


@given(points=st.integers(0, 100), at=moments, half_lives=st.integers(0, 12))
def test_half_is_left_after_a_half_life(points: int, at: datetime, half_lives: int) -> None:
    left = Fraction(points, 2**half_lives)

    assert score_of(rules.weight(points, at), at + half_lives * rules.HALF_LIFE) == math.floor(left + Fraction(1, 2))


@given(ledger=st.lists(st.tuples(impacts.map(abs), ages), max_size=10), one=ages, two=ages)
def test_a_score_only_falls_while_nothing_happens(
    ledger: list[tuple[float, timedelta]], one: timedelta, two: timedelta
) -> None:
    engagement = engagement_of(ledger)

    assert score_of(engagement, NOW + max(one, two)) <= score_of(engagement, NOW + min(one, two))


@given(impact=impacts, at=moments)
def test_what_is_taken_back_leaves_nothing(impact: float, at: datetime) -> None:
    total = rules.weight(impact, at) + rules.weight(-impact, at)

    # Signals from before the origin are rounded down to the fixed point, which nobody sees.
    assert total in (0, -1)
    assert score_of(total, at) == 0


def test_only_what_is_shown_is_kept_within_0_and_100() -> None:
    assert score_of(rules.weight(-50, NOW), NOW) == 0
    assert score_of(rules.weight(-50, NOW) + rules.weight(60, NOW), NOW) == 10
    assert score_of(2 * rules.weight(80, NOW), NOW) == 100
    assert score_of(2 * rules.weight(80, NOW), NOW + rules.HALF_LIFE) == 80


def test_a_century_hence() -> None:
    then = NOW + timedelta(days=36500)

    assert score_of(rules.weight(70, NOW) + rules.weight(33, then), then) == 33


tags = st.lists(st.sampled_from("abcdef"))


@given(before=tags, add=tags, remove=tags)
def test_retagged(before: list[str], add: list[str], remove: list[str]) -> None:
    after = rules.retagged(before, add, remove)

    assert set(after) == (set(before) | set(add)) - set(remove)
    assert len(after) == len(set(after))
    assert after == [tag for tag in dict.fromkeys(before + add) if tag in after]
    assert rules.retagged(after, add, remove) == after


def test_too_many_tags() -> None:
    fifty = [str(n) for n in range(50)]

    assert rules.retagged(fifty, ["0"], []) == fifty
    assert rules.retagged(fifty, ["more"], ["0"]) == [*fifty[1:], "more"]
    with pytest.raises(InvalidInput, match="tags"):
        rules.retagged(fifty, ["more"], [])


LEAD: dict[str, Any] = {
    "company": "X",
    "status": "new",
    "qualified_at": None,
    "custom": {"a": 1},
    "consent": {"email": {"opted_in": True, "at": "2026-01-01T00:00:00.000Z"}},
}
changes = st.fixed_dictionaries(
    {},
    optional={
        "company": st.sampled_from(["X", "Y", None]),
        "status": st.sampled_from(["new", "qualified", "proposal"]),
        "custom": st.sampled_from([{"a": 1}, {"a": True}, {"a": 1.0}, {}]),
        "consent": st.dictionaries(
            st.sampled_from(["email", "sms"]),
            st.fixed_dictionaries({"opted_in": st.booleans()}, optional={"at": st.sampled_from([None, STAMP])}),
        ),
    },
)


@given(wanted=changes)
def test_a_change_made_is_no_change_any_more(wanted: dict[str, Any]) -> None:
    after = {**LEAD, **rules.differences(LEAD, wanted, STAMP)}

    assert rules.differences(after, wanted, "2027-01-01T00:00:00.000Z") == {}


@given(wanted=changes)
def test_only_what_differs_is_a_difference(wanted: dict[str, Any]) -> None:
    found = rules.differences(LEAD, wanted, STAMP)

    assert found.keys() <= wanted.keys() | {"qualified_at"}
    assert all(repr(LEAD[name]) != repr(value) for name, value in found.items())
    assert ("qualified_at" in found) == (wanted.get("status") == "qualified")


def test_consent_of_other_channels_stays() -> None:
    on_file = {"email": {"opted_in": False, "at": "old"}, "sms": {"opted_in": True, "at": "old"}}

    assert rules.merged_consent(on_file, {}, STAMP) == on_file
    assert rules.merged_consent(on_file, {"sms": {"opted_in": True}}, STAMP) == on_file
    assert rules.merged_consent(on_file, {"sms": {"opted_in": False}}, STAMP)["sms"] == {"opted_in": False, "at": STAMP}
    assert rules.merged_consent(on_file, {"sms": {"opted_in": True, "at": "x"}}, STAMP)["sms"]["at"] == "x"
