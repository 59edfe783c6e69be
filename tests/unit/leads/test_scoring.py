"""Caps and half-lives by type: whatever the order of signals, a window counts no more than its cap."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.core import conditions
from leadflow.core.errors import InvalidInput
from leadflow.enrichment.enums import FIELDS
from leadflow.leads import rules
from leadflow.leads.rules import Cap, Scoring, Sums, TypeRules, Weighed, fit

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
SCORING = Scoring(
    3,
    {
        "website_visit": TypeRules(1, 7 * DAY, Cap(10, DAY)),
        "email_open": TypeRules(2, 90 * DAY),
        "form_submit": TypeRules(10, DAY, Cap(25.5, 7 * DAY)),
    },
)
SIGNALS = st.lists(
    st.builds(
        lambda kind, impact, age: Weighed(kind, impact, NOW - timedelta(seconds=age), NOW - timedelta(seconds=age)),
        st.sampled_from(sorted(SCORING.types)),
        st.floats(-100, 100).map(lambda impact: round(impact, 6)),
        st.integers(0, 20 * 86_400),
    ),
    max_size=20,
)


@given(SIGNALS, st.randoms(use_true_random=False))
def test_one_by_one_in_any_order_they_come_to_what_they_are_together(
    signals: list[Weighed], order: random.Random
) -> None:
    whole = rules.summed(signals, SCORING)
    order.shuffle(signals)
    known: list[Weighed] = []
    sums: dict[str, int] = {}
    for one in signals:
        number = rules.window_of(one, SCORING)
        beside = [each for each in known if each.kind == one.kind and rules.window_of(each, SCORING) == number]
        sums[one.kind] = sums.get(one.kind, 0) + rules.added(one, beside, SCORING)
        known.append(one)

    assert {kind: value for kind, value in sums.items() if value} == {k: v for k, v in whole.items() if v}


@given(SIGNALS)
def test_a_window_counts_its_cap_at_most(signals: list[Weighed]) -> None:
    for kind, one in SCORING.types.items():
        at_once = [Weighed(kind, each.impact, NOW, NOW) for each in signals]
        sums = Sums(rules.summed(at_once, SCORING), NOW)
        total = rules.breakdown(sums, [], SCORING).total
        total_of_all = sum(each.impact for each in at_once)
        if one.cap is None or sum(abs(each.impact) for each in at_once) <= one.cap.points:
            assert total == pytest.approx(total_of_all, abs=1e-5)
        else:
            assert abs(total) <= one.cap.points + 1e-5


@given(SIGNALS, st.floats(-100, 100).map(lambda points: round(points, 6)))
def test_parts_rest_and_fit_add_up_exactly(signals: list[Weighed], fit_points: float) -> None:
    sums = Sums(rules.summed(signals, SCORING), NOW, fit_points)
    weights = [(one.kind, rules.weight(one.impact, one.at, SCORING.types[one.kind].half_life)) for one in signals]

    found = rules.breakdown(sums, weights, SCORING)

    written = [Decimal(repr(part)) for part in (*found.parts, found.rest, round(fit_points, 6))]
    assert sum(written, Decimal(0)) == Decimal(repr(found.total))
    assert found.score == rules.score(sums, SCORING)


def test_types_fade_by_their_own_half_lives() -> None:
    one = [Weighed(kind, 8, NOW, NOW) for kind in ("website_visit", "email_open", "form_submit")]
    sums = rules.summed(one, SCORING)

    later = rules.breakdown(Sums(sums, NOW + 7 * DAY), list(sums.items()), SCORING)

    left = dict(zip(sums, later.parts, strict=True))
    assert left["form_submit"] == 8 / 128
    assert left["website_visit"] == 4
    assert left["email_open"] == pytest.approx(8 * 2 ** (-7 / 90), abs=1e-6)


def test_signals_over_the_cap_share_it() -> None:
    visits = [Weighed("website_visit", 4, NOW, NOW)] * 5

    assert rules.share(visits, SCORING.types["website_visit"]) == (10_000_000, 20_000_000)
    assert rules.score(Sums(rules.summed(visits, SCORING), NOW), SCORING) == 10


@pytest.mark.parametrize(
    "condition",
    [
        {"field": "lead.score", "op": "gte", "value": 5},
        {"field": "lead.updated_at", "op": "exists"},
        {"any": [{"not": {"field": "lead.created_at", "op": "within_days", "value": 3}}]},
        {"field": "enrichment.social_profiles", "op": "exists"},
        {"field": "enrichment.nothing", "op": "exists"},
        {"field": "trigger.x", "op": "exists"},
        {"any": 1},
        {},
    ],
)
def test_what_no_fit_rule_may_ask(condition: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        fit.check(condition, "if")
    assert caught.value.errors[0][0].startswith("if")


def test_what_enrichment_fills_can_be_asked_for() -> None:
    for name in set(FIELDS) - {"social_profiles"}:
        assert conditions.FIT.find(f"enrichment.{name}") is not None
    facts = fit.facts_of(
        {"skills": ["SQL"] * 90, "job_title": "CTO", "social_profiles": {"a": "b"}, "github_url": None}
    )
    assert facts == {"skills": ["SQL"] * 40, "job_title": "CTO"}
