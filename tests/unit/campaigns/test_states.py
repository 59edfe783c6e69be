"""What becomes of a mail: monotonic, whatever order and however often things are reported."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.campaigns.enums import EMAIL_STATUSES, MAIL_EVENTS
from leadflow.campaigns.rules import states
from leadflow.campaigns.rules.states import MailState

Move = Callable[[MailState], MailState]
MOMENTS = [f"2026-03-02T09:0{minute}:00.000Z" for minute in range(10)]
BEGUN = MailState(phase="begun")
RANK = {status: rank for rank, status in enumerate(EMAIL_STATUSES)}

moments = st.sampled_from(MOMENTS)
data = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["bounce", "blocked"]),
        "status": st.sampled_from(["5.1.1", "4.2.2", "mailbox ada@example.com full"]),
        "reason": st.sampled_from(["Bounced Address", "550 5.1.1 <ada@example.com> unknown"]),
        "bounce_classification": st.sampled_from(["Invalid Address", "Technical"]),
    },
)
reports = st.builds(
    lambda event, at, told: partial(states.reported, event=event, at=at, data=told),
    st.sampled_from(MAIL_EVENTS),
    moments,
    data,
)
own = st.one_of(
    st.builds(lambda at: partial(states.accepted, at=at), moments),
    st.just(partial(states.rejected, reason="refused")),
    st.builds(lambda at: partial(states.unsubscribed, at=at), moments),
)
visits = st.one_of(
    st.builds(lambda at, machine: partial(states.opened, at=at, machine=machine), moments, st.booleans()),
    st.builds(
        lambda number, at, machine: partial(states.clicked, number=number, link="https://x", at=at, machine=machine),
        st.integers(1, 5),
        moments,
        st.booleans(),
    ),
)


def after(moves: list[Move], start: MailState = BEGUN) -> MailState:
    for move in moves:
        start = move(start)
    return start


@given(st.lists(st.one_of(reports, own), max_size=7), st.randoms(use_true_random=False))
def test_x17_every_order_of_the_same_reports_ends_in_the_same_state(moves: list[Move], random: Any) -> None:
    shuffled = moves.copy()
    random.shuffle(shuffled)

    assert after(moves) == after(shuffled)


@given(st.lists(st.one_of(reports, own), max_size=7))
def test_a_report_that_comes_twice_changes_nothing(moves: list[Move]) -> None:
    assert after(moves) == after([move for move in moves for _ in range(2)])


@given(st.lists(st.one_of(reports, own, visits), max_size=12))
def test_status_and_outcome_only_move_up(moves: list[Move]) -> None:
    outcomes = ["pending", "unknown", "accepted", "rejected"]
    state = BEGUN
    for move in moves:
        moved = move(state)
        assert RANK[moved.status] >= RANK[state.status]
        assert outcomes.index(moved.outcome) >= outcomes.index(state.outcome)
        assert moved.open_count >= state.open_count
        assert moved.link_clicks[: len(state.link_clicks)] == state.link_clicks
        assert state.opened_at in (None, moved.opened_at)
        state = moved


@given(st.lists(st.one_of(reports, own, visits), max_size=12))
def test_status_never_says_more_than_happened_to_people(moves: list[Move]) -> None:
    state = after(moves)

    assert (state.opened_at is not None) == (state.open_count > 0)
    assert (state.clicked_at is not None) == (state.click_count > 0)
    if state.status in ("opened", "clicked"):
        assert state.opened_at is not None
    if state.status == "failed":
        assert state.outcome == "rejected"


@given(st.lists(st.one_of(reports, own, visits), max_size=12))
def test_bounced_and_failed_end_it(moves: list[Move]) -> None:
    ended = after([partial(states.reported, event="bounce", at=MOMENTS[0], data={}), *moves])

    assert ended.status in ("bounced", "failed")


@pytest.mark.parametrize("one", EMAIL_STATUSES)
@pytest.mark.parametrize("other", EMAIL_STATUSES)
def test_the_higher_status_wins_from_both_sides(one: str, other: str) -> None:
    assert states.higher(one, other) == states.higher(other, one) == max(one, other, key=RANK.__getitem__)


def test_what_was_skipped_was_never_sent_and_stays_so() -> None:
    skipped = states.skipped(MailState(), "opted_out")

    assert (skipped.outcome, skipped.status, skipped.skip_reason) == ("skipped", "queued", "opted_out")
    assert after([partial(states.accepted, at=MOMENTS[0]), partial(states.rejected, reason="x")], skipped) == skipped


@pytest.mark.parametrize("left", [BEGUN, MailState(attempt=2), MailState(outcome="unknown")])
def test_what_may_have_left_is_not_skipped(left: MailState) -> None:
    assert states.skipped(left, "opted_out") == left


@pytest.mark.parametrize("event", [event for event in MAIL_EVENTS if event != "dropped"])
@pytest.mark.parametrize("outcome", ["pending", "unknown"])
def test_any_event_but_dropped_shows_that_the_provider_took_it(event: str, outcome: str) -> None:
    state = states.reported(MailState(phase="begun", outcome=outcome), event, MOMENTS[3], {})

    assert state.outcome == "accepted"
    assert state.sent_at == MOMENTS[3]


def test_a_mail_somebody_opened_was_sent() -> None:
    state = states.opened(MailState(phase="begun", outcome="unknown"), MOMENTS[2], machine=True)

    assert (state.outcome, state.status, state.open_count) == ("accepted", "sent", 0)


def test_nobody_opens_what_never_left() -> None:
    state = states.opened(MailState(), MOMENTS[2], machine=False)

    assert state.outcome == "pending"


def test_machines_move_no_status() -> None:
    state = after([partial(states.accepted, at=MOMENTS[0])])
    state = states.clicked(state, 1, "https://x", MOMENTS[1], machine=True)
    state = states.opened(state, MOMENTS[1], machine=True)

    assert (state.status, state.opened_at, state.clicked_at) == ("sent", None, None)
    assert (state.machine_open_count, state.machine_click_count) == (1, 1)
    assert state.machine_opened_at == MOMENTS[1]


def test_a_click_says_that_the_mail_was_opened() -> None:
    state = states.clicked(BEGUN, 1, "https://x", MOMENTS[1], machine=False)

    assert (state.status, state.opened_at, state.open_count, state.click_count) == ("clicked", MOMENTS[1], 1, 1)


def test_the_first_clicks_of_people_score_and_no_more() -> None:
    state = states.clicked(BEGUN, 9, "https://9", MOMENTS[0], machine=True)
    for number in (4, 1, 4, 2, 3):
        state = states.clicked(state, number, f"https://{number}", MOMENTS[number], machine=False)

    scoring = {number: states.scoring_click(state, number) for number in (1, 2, 3, 4, 9)}

    assert {number for number, click in scoring.items() if click} == {4, 1, 2}
    assert scoring[4] == states.LinkClick(4, "https://4", MOMENTS[4], machine=False)


def test_a_failure_is_told_without_what_a_provider_repeats_of_the_person() -> None:
    personal = {
        "status": "550 ada@example.com",
        "reason": "550 5.1.1 <ada@example.com> unknown",
        "bounce_classification": "ada@example.com",
    }
    for event in ("bounce", "dropped"):
        assert "@" not in str(states.reported(BEGUN, event, MOMENTS[0], personal).error_message)
    told = {"status": "5.1.1", "bounce_classification": "Invalid Address"}
    assert states.reported(BEGUN, "bounce", MOMENTS[0], told).error_message == "bounced: 5.1.1 Invalid Address"
    assert states.reported(BEGUN, "dropped", MOMENTS[0], {"reason": "Spam Content"}).error_message == (
        "dropped: Spam Content"
    )


@pytest.mark.parametrize(
    ("event", "told", "reason"),
    [
        ("bounce", {"type": "bounce"}, "bounce"),
        ("bounce", {}, "bounce"),
        ("bounce", {"type": "blocked"}, None),
        ("bounce", {"type": "expired"}, None),
        ("dropped", {"reason": "Bounced Address"}, "bounce"),
        ("dropped", {"reason": "Unsubscribed Address"}, "unsubscribe"),
        ("dropped", {"reason": "Spam Reporting Address"}, "spam_report"),
        ("dropped", {"reason": "Spam Content"}, None),
        ("spamreport", {}, "spam_report"),
        ("unsubscribe", {}, "unsubscribe"),
        ("delivered", {}, None),
        ("deferred", {}, None),
    ],
)
def test_what_an_event_says_about_the_address(event: str, told: dict[str, str], reason: str | None) -> None:
    assert states.suppression_reason(event, told) == reason


def test_all_pairs_of_reports_commute() -> None:
    told = [{}, {"status": "5.1.1"}, {"reason": "Bounced Address", "bounce_classification": "Technical"}]
    moves: list[Move] = [
        partial(states.reported, event=event, at=at, data=one)
        for event, at, one in itertools.product(MAIL_EVENTS, MOMENTS[:2], told)
    ]
    for one, other in itertools.product(moves, moves):
        assert after([one, other]) == after([other, one])
