"""POST /leads/{lead_id}/signals, and signals that other parts of the product add."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadflow.core import clock as time
from leadflow.core import ids
from leadflow.core.errors import RateLimited
from leadflow.leads import rules, service, store
from leadflow.leads.enums import SIGNAL_TYPES
from tests.functional.leads.people import added, listed, shown, signalled
from tests.functional.wire import counts, interrupted, refused, stored
from tests.harness import Clock, call


def engagement_of(lead_id: str) -> int:
    lead = store.find_lead(lead_id)
    assert lead is not None
    return sum(lead.sums.values())


def ledger_of(lead_id: str) -> int:
    """What the signals on file weigh."""
    signals = [item for item in stored("IntentSignal") if item["lead_id"]["S"] == lead_id]
    return sum(rules.weight(float(item["score_impact"]["N"]), time.parse(item["created_at"]["S"])) for item in signals)


def test_a_signal_is_kept_and_changes_the_score() -> None:
    lead = added()

    answer = call(
        "signals/record_signal",
        {"signal_type": "form_submit", "signal_data": {"form": "demo"}, "score_impact": 12.5},
        path={"lead_id": lead["id"]},
    )

    assert answer.status == 201
    assert answer.headers["location"] == f"/leads/{lead['id']}/signals"
    assert answer.json == {
        "id": answer.json["id"],
        "lead_id": lead["id"],
        "signal_type": "form_submit",
        "signal_data": {"form": "demo"},
        "score_impact": 12.5,
        "created_at": "2026-03-02T09:00:00.000Z",
    }
    assert shown(lead["id"])["score"] == 13
    assert engagement_of(lead["id"]) == ledger_of(lead["id"])


@pytest.mark.parametrize("kind", SIGNAL_TYPES)
def test_each_type_has_a_default_impact(kind: str) -> None:
    lead = added()

    for body in ({"signal_type": kind}, {"signal_type": kind, "score_impact": None}):
        answer = call("signals/record_signal", body, path={"lead_id": lead["id"]})
        assert (answer.json["score_impact"], answer.json["signal_data"]) == (rules.DEFAULT_IMPACTS[kind], {})
    assert shown(lead["id"])["score"] == 2 * rules.DEFAULT_IMPACTS[kind]


def test_an_impact_of_nothing_is_not_the_default() -> None:
    lead = added()
    assert signalled(lead["id"], 0, "form_submit")["score_impact"] == 0
    assert shown(lead["id"])["score"] == 0


def test_the_score_is_within_0_and_100_and_nothing_beyond_is_forgotten() -> None:
    lead = added()
    scores = []
    for impact in (80, 80, -90, -100, 40):
        signalled(lead["id"], impact)
        scores.append(shown(lead["id"])["score"])

    assert scores == [80, 100, 70, 0, 10]


def test_the_score_fades_by_half_in_a_half_life(clock: Clock) -> None:
    lead = added()
    signalled(lead["id"], 80)
    clock.advance(days=30)
    signalled(lead["id"], 5)
    assert shown(lead["id"])["score"] == 45
    clock.advance(days=30)
    signalled(lead["id"], 0)
    # 22.5 is rounded half up.
    assert shown(lead["id"])["score"] == 23


def test_the_lists_follow_the_score() -> None:
    one, two = added("one@example.com"), added("two@example.com")
    signalled(one["id"], 10)
    signalled(two["id"], 20)
    signalled(one["id"], 15)

    assert [lead["id"] for lead in listed(sort="score")["items"]] == [one["id"], two["id"]]
    assert [lead["id"] for lead in listed(sort="score", min_score="25")["items"]] == [one["id"]]


def test_a_signal_changes_the_version_of_the_lead() -> None:
    lead = added()
    signalled(lead["id"], 1)

    assert call("leads/get_lead", path={"lead_id": lead["id"]}).etag == '"2"'


def test_interleaved_signals_all_count() -> None:
    """20 others get through, each between our look and our write."""
    lead = added()
    numbers = iter(range(20))

    def rival() -> None:
        service.add_signal(lead["id"], "email_open", {}, 2, cause=("rival", str(next(numbers))))

    with interrupted(rival, times=20):
        signalled(lead["id"], 3)

    assert shown(lead["id"])["score"] == 43
    assert counts()["IntentSignal"] == 21
    assert engagement_of(lead["id"]) == ledger_of(lead["id"])


def test_when_it_never_gets_through_the_answer_is_retryable_and_nothing_is_kept() -> None:
    lead = added()

    with refused(["TransactionConflict", "None"], times=24):
        answer = call("signals/record_signal", {"signal_type": "email_open"}, path={"lead_id": lead["id"]})

    assert (answer.status, answer.headers["retry-after"]) == (429, "1")
    assert RateLimited.retryable
    assert counts() == {"Lead": 1, "UniqueIdentity": 1}
    assert shown(lead["id"]) == lead


def test_a_repeated_request_counts_once() -> None:
    lead = added()
    bodies = [{"signal_type": "form_submit"}] * 2

    answers = [
        call("signals/record_signal", body, path={"lead_id": lead["id"]}, headers={"idempotency-key": "k"})
        for body in bodies
    ]

    assert answers[0].json == answers[1].json
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert shown(lead["id"])["score"] == 10


def test_a_request_tried_again_under_the_same_ids_finds_its_signal() -> None:
    lead = added()
    for _ in range(2):
        with ids.repeatable(time.now(), "key"):
            signalled(lead["id"], 7)

    assert shown(lead["id"])["score"] == 7
    assert counts()["IntentSignal"] == 1


def test_the_same_cause_twice_counts_once_also_late(clock: Clock) -> None:
    lead = added()
    at = clock()
    first = service.add_signal(lead["id"], "email_click", {"link": 1}, 5, cause=("EM1", "click", "1"), at=at)
    clock.advance(days=3)
    again = service.add_signal(lead["id"], "email_click", {"link": 1}, 5, cause=("EM1", "click", "1"), at=at)
    other = service.add_signal(lead["id"], "email_click", {"link": 2}, 5, cause=("EM1", "click", "2"), at=at)

    assert first == again
    assert first is not None
    assert other is not None
    assert first["id"] != other["id"]
    assert counts()["IntentSignal"] == 2
    assert engagement_of(lead["id"]) == 2 * rules.weight(5, at)


def test_the_same_cause_at_the_same_time_counts_once() -> None:
    """The other delivery of the same event is through between our look and our write."""
    lead = added()
    at = time.now()

    def deliver() -> Any:
        return service.add_signal(lead["id"], "email_open", {}, 9, cause=("EM1", "open"), at=at)

    with interrupted(deliver):
        mine = deliver()

    assert mine == deliver()
    assert shown(lead["id"])["score"] == 9


def test_a_past_signal_counts_what_is_left_of_it(clock: Clock) -> None:
    lead = added()
    signal = service.add_signal(lead["id"], "email_open", {}, 80, cause=("x",), at=clock() - timedelta(days=60))

    assert shown(lead["id"])["score"] == 20
    assert signal is not None
    assert signal["created_at"] == "2026-01-01T09:00:00.000Z"


def test_a_signal_from_the_future_counts_as_of_now(clock: Clock) -> None:
    """A provider's clock is ahead; the signal's own time still tells deliveries of it apart."""
    lead = added()
    at = clock() + timedelta(days=30)

    for _ in range(2):
        signal = service.add_signal(lead["id"], "email_open", {}, 10, cause=("x",), at=at)

    assert signal is not None
    assert signal["created_at"] == "2026-03-02T09:00:00.000Z"
    assert shown(lead["id"])["score"] == 10


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    signals=st.lists(
        st.tuples(
            st.integers(0, 120 * 86400), st.floats(-100, 100).map(lambda impact: round(impact, 6)), st.integers(1, 3)
        ),
        min_size=1,
        max_size=5,
    ),
    order=st.randoms(use_true_random=False),
)
def test_the_score_follows_from_the_signals_on_file_whatever_their_order_and_number(
    clock: Clock, signals: list[tuple[int, float, int]], order: random.Random
) -> None:
    lead = added(f"{ids.new_id()}@example.com")
    deliveries = [signal for signal in enumerate(signals) for _ in range(signal[1][2])]
    order.shuffle(deliveries)

    for number, (age, impact, _) in deliveries:
        at = clock() - timedelta(seconds=age)
        service.add_signal(lead["id"], "email_open", {}, impact, cause=("s", str(number)), at=at)

    once = sum(rules.weight(impact, clock() - timedelta(seconds=age)) for age, impact, _ in signals)
    assert engagement_of(lead["id"]) == ledger_of(lead["id"]) == once
    assert shown(lead["id"])["score"] == rules.score(rules.Sums({"email_open": once}, clock()), rules.Scoring())


def test_a_lead_that_is_gone() -> None:
    assert service.add_signal("gone", "email_open", {}, 1, cause=("x",)) is None
    answer = call("signals/record_signal", {"signal_type": "email_open"}, path={"lead_id": "gone"})
    assert answer.status == 404
    assert stored() == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"signal_type": "smile"}, "signal_type"),
        ({"signal_type": None}, "signal_type"),
        ({"signal_data": [1]}, "signal_data"),
        ({"signal_data": None}, "signal_data"),
        ({"signal_data": {"x": "y" * 16384}}, "signal_data"),
        ({"score_impact": 100.1}, "score_impact"),
        ({"score_impact": -101}, "score_impact"),
        ({"score_impact": "5"}, "score_impact"),
        ({"score_impact": True}, "score_impact"),
        ({"created_at": "2026-01-01T00:00:00Z"}, "created_at"),
        ({"lead_id": "x"}, "lead_id"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(change: dict[str, Any], field: str) -> None:
    lead = added()

    answer = call("signals/record_signal", {"signal_type": "email_open", **change}, path={"lead_id": lead["id"]})

    assert (answer.status, [error["field"] for error in answer.json["errors"]]) == (422, [field])
    assert shown(lead["id"]) == lead


@pytest.mark.parametrize(("given_impact", "kept"), [(b"1e-200", 0), (b"0.12345678", 0.123457), (b"-100", -100)])
def test_an_impact_is_kept_to_six_decimals(given_impact: bytes, kept: float) -> None:
    lead = added()
    body = b'{"signal_type":"email_open","score_impact":' + given_impact + b"}"

    answer = call("signals/record_signal", body, path={"lead_id": lead["id"]})

    assert (answer.status, answer.json["score_impact"]) == (201, kept)


@pytest.mark.parametrize(("number", "status"), [(b"NaN", 400), (b"Infinity", 400), (b"1e999", 422)])
def test_an_impact_is_a_number(number: bytes, status: int) -> None:
    lead = added()
    body = b'{"signal_type":"email_open","score_impact":' + number + b"}"

    assert call("signals/record_signal", body, path={"lead_id": lead["id"]}).status == status


def test_scopes() -> None:
    path = {"lead_id": added()["id"]}
    body = {"signal_type": "email_open"}
    assert call("signals/record_signal", body, path=path, scopes="leads:read").status == 403
    assert call("signals/record_signal", body, path=path, scopes="leads:write").status == 201
