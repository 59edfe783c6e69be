"""GET /leads/{lead_id}/score: the parts add up to the score exactly."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadflow.core import ids
from leadflow.leads import service
from leadflow.leads.schema import LeadScore
from leadflow.leads.service import scoring
from tests.functional import wire
from tests.functional.leads.erasing import erase
from tests.functional.leads.people import added, shown, signalled
from tests.harness import Clock, call


def score_of(lead_id: str) -> dict[str, Any]:
    answer = call("leads/get_score", path={"lead_id": lead_id}, scopes="leads:read")
    assert answer.status == 200, answer.text
    score: dict[str, Any] = answer.json
    LeadScore.model_validate(score)
    return score


def assert_adds_up(score: dict[str, Any]) -> None:
    """As the decimals that are written in the answer, without any tolerance."""
    points = [Decimal(repr(part["points"])) for part in score["parts"]]
    total = sum(points, Decimal(repr(score["rest"])))
    assert total == Decimal(repr(score["total"]))
    rounded = (total + Decimal("0.5")).to_integral_value(ROUND_FLOOR)
    assert rounded == score["rounded"]
    assert min(100, max(0, rounded)) == score["score"]
    assert score["is_clamped"] is (rounded != score["score"])


def test_each_part_with_its_source_age_and_weight(clock: Clock) -> None:
    lead_id = added()["id"]
    first = signalled(lead_id, 40, "form_submit")
    clock.advance(days=30)
    second = signalled(lead_id, 2.5)

    score = score_of(lead_id)

    assert score == {
        "lead_id": lead_id,
        "score": 23,
        "as_of": "2026-04-01T09:00:00.000Z",
        "parts": [
            {
                "source": "website_visit",
                "signal_id": second["id"],
                "signal_type": "website_visit",
                "title": "Visited a page",
                "impact": 2.5,
                "at": second["created_at"],
                "age_seconds": 0,
                "half_life_days": 30,
                "share": 1,
                "weight": 1,
                "points": 2.5,
            },
            {
                "source": "form_submit",
                "signal_id": first["id"],
                "signal_type": "form_submit",
                "title": "Filled in a form",
                "impact": 40,
                "at": first["created_at"],
                "age_seconds": 30 * 86_400,
                "half_life_days": 30,
                "share": 1,
                "weight": 0.5,
                "points": 20,
            },
        ],
        "rest": 0,
        "has_older_signals": False,
        "total": 22.5,
        "rounded": 23,
        "is_clamped": False,
    }
    assert shown(lead_id)["score"] == 23


def test_it_is_as_of_the_last_signal_like_the_score_that_is_shown(clock: Clock) -> None:
    lead_id = added()["id"]
    signalled(lead_id, 40)
    before = score_of(lead_id)
    clock.advance(days=300)

    assert score_of(lead_id) == before
    assert shown(lead_id)["score"] == before["score"] == 40


def test_before_the_first_signal_there_is_nothing_to_add() -> None:
    score = score_of(added()["id"])

    assert (score["score"], score["as_of"], score["parts"], score["rest"], score["total"]) == (0, None, [], 0, 0)


@pytest.mark.parametrize(("impacts", "rounded"), [((80, 70), 150), ((-90, 20), -70)])
def test_what_the_bounds_cut_off_is_shown(impacts: tuple[int, ...], rounded: int) -> None:
    lead_id = added()["id"]
    for impact in impacts:
        signalled(lead_id, impact)

    score = score_of(lead_id)

    assert (score["rounded"], score["score"], score["is_clamped"]) == (rounded, 100 if rounded > 0 else 0, True)
    assert_adds_up(score)


@settings(max_examples=30, deadline=None)
@given(
    signals=st.lists(
        st.tuples(st.floats(-100, 100).map(lambda x: round(x, 6)), st.integers(0, 3_000_000)), min_size=1, max_size=8
    )
)
def test_the_parts_of_any_signals_add_up_to_the_score_that_is_shown(signals: list[tuple[float, int]]) -> None:
    lead_id = added(f"p{ids.new_id().lower()}@example.com")["id"]
    at = ids.moment_of(lead_id)
    for number, (impact, seconds_before) in enumerate(signals):
        moment = at.fromtimestamp(at.timestamp() - seconds_before, at.tzinfo)
        service.add_signal(lead_id, "email_open", {}, impact, cause=(lead_id, str(number)), at=moment)

    score = score_of(lead_id)

    assert score["score"] == shown(lead_id)["score"]
    assert len(score["parts"]) == len(signals)
    assert score["rest"] == 0
    assert_adds_up(score)
    for part in score["parts"]:
        # A millionth of weight, and one of rounding.
        assert part["points"] == pytest.approx(part["impact"] * part["weight"], abs=1.1e-4)


def test_older_signals_are_one_sum_that_costs_no_reading(clock: Clock) -> None:
    lead_id = added()["id"]
    for _ in range(scoring.MOST_PARTS + 5):
        clock.advance(hours=7)
        signalled(lead_id, 0.4)

    with wire.watched() as calls:
        score = score_of(lead_id)

    assert sorted(calls) == ["GetItem"] * 3 + ["Query"]
    assert (len(score["parts"]), score["has_older_signals"]) == (scoring.MOST_PARTS, True)
    assert 0.8 < score["rest"] < 2
    assert score["score"] == shown(lead_id)["score"]
    assert_adds_up(score)


@pytest.mark.parametrize(("operation", "call_before"), [("Query", 0), ("GetItem", 1)])
def test_a_signal_that_comes_meanwhile_is_in_or_out_and_never_half(operation: str, call_before: int) -> None:
    """It comes right before the signals are read, and right after."""
    lead_id = added()["id"]
    signalled(lead_id, 10)
    acts = iter([dict] * call_before + [lambda: signalled(lead_id, 20)])

    with wire.interrupted(lambda: next(acts)(), operation=operation, times=call_before + 1):
        score = score_of(lead_id)

    assert (score["score"], score["rest"], len(score["parts"])) == (30, 0, 2)
    assert_adds_up(score)


def test_signal_after_signal_does_not_keep_a_score_from_being_told() -> None:
    lead_id = added()["id"]

    with wire.interrupted(lambda: signalled(lead_id, 1), operation="Query", times=6):
        score = score_of(lead_id)

    assert (score["score"], len(score["parts"])) == (6, 6)
    assert_adds_up(score)


def test_of_nobody_and_of_an_erased_person_there_is_no_score() -> None:
    lead_id = added()["id"]
    signalled(lead_id, 10)
    assert erase(lead_id).status == 202

    for who in (lead_id, "nobody", "x" * 3000):
        answer = call("leads/get_score", path={"lead_id": who})
        assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert call("leads/get_score", path={"lead_id": lead_id}, scopes="workflows:read").status == 403


def test_the_answer_has_the_leads_own_etag() -> None:
    lead = call("leads/create_lead", {"name": "Ada", "email": "ada@example.com"})

    assert call("leads/get_score", path={"lead_id": lead.json["id"]}).etag == lead.etag
