"""Opens and clicks of a mail, judged again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.campaigns.rules import states
from leadflow.campaigns.rules.rejudging import Visited, rejudged, together
from leadflow.campaigns.rules.states import MailState
from leadflow.campaigns.rules.visitors import Verdict
from leadflow.core import clock

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PERSON, MACHINE = Verdict("human", "a browser"), Verdict("machine", "HEAD request")
SENT = MailState(status="delivered", outcome="accepted", sent_at=clock.stamp(START), delivered_at=clock.stamp(START))


def at(seconds: float) -> str:
    return clock.stamp(START + timedelta(seconds=seconds))


def click(number: int, seconds: float, verdict: Verdict = PERSON) -> Visited:
    return Visited("click", at(seconds), verdict, number, f"https://a.example/{number}")


def after(state: MailState, visits: Sequence[Visited]) -> MailState:
    """The state as it comes about, one visit after the other."""
    for one in visits:
        machine = one.verdict.is_machine
        if one.event == "open":
            state = states.opened(state, one.at, machine=machine)
        else:
            state = states.clicked(state, one.number, one.label, one.at, machine=machine)
    return state


visited = st.builds(
    Visited,
    event=st.sampled_from(["open", "click"]),
    at=st.integers(0, 100_000).map(at),
    verdict=st.sampled_from([PERSON, MACHINE]),
    number=st.integers(1, 5),
    label=st.just("https://a.example/"),
)


@given(st.lists(visited, max_size=12, unique_by=lambda one: one.at))
def test_judged_as_before_a_mail_stays_as_it_is(visits: list[Visited]) -> None:
    state = after(SENT, sorted(visits, key=lambda one: one.at))

    assert rejudged(state, visits) == state


@given(st.lists(visited, max_size=12, unique_by=lambda one: one.at))
def test_the_order_in_which_visits_are_read_does_not_matter(visits: list[Visited]) -> None:
    assert rejudged(SENT, visits) == rejudged(SENT, visits[::-1])


@given(st.lists(visited, max_size=12, unique_by=lambda one: one.at))
def test_seen_as_machines_nobody_was_there(visits: list[Visited]) -> None:
    state = after(SENT, visits)

    seen = rejudged(state, [replace(one, verdict=MACHINE) for one in visits])

    assert (seen.status, seen.open_count, seen.click_count, seen.opened_at) == ("delivered", 0, 0, None)
    assert seen.machine_open_count + seen.machine_click_count == len(visits)


@pytest.mark.parametrize(
    ("visits", "scanned"),
    [
        ([click(1, 0), click(2, 1), click(3, 2)], 3),
        ([click(1, 0), click(2, 4), click(3, 8)], 0),
        ([click(1, 0), click(1, 1), click(1, 2), click(2, 3)], 0),
        ([click(1, 0), click(2, 1), click(3, 2), click(4, 600)], 3),
        ([click(1, 0), click(2, 1, MACHINE), click(3, 2)], 0),
    ],
)
def test_many_links_at_once_are_a_scanners(visits: list[Visited], scanned: int) -> None:
    assert sum(one.verdict.actor == "scanner" for one in together(visits)) == scanned


@pytest.mark.parametrize(("seconds", "scanned"), [(0, True), (-10, True), (10, True), (10.001, False), (-11, False)])
def test_near_the_link_that_no_person_sees_nobody_was_a_person(seconds: float, scanned: bool) -> None:
    visits = [click(1, 100 + seconds), Visited("open", at(100 + seconds), PERSON), click(2, 300)]

    seen = together(visits, [at(100)])

    assert [one.verdict.actor == "scanner" for one in seen] == [scanned, scanned, False]


@given(
    st.lists(visited, max_size=9, unique_by=lambda one: one.at), st.lists(st.integers(0, 100_000).map(at), max_size=2)
)
def test_judged_together_again_it_is_the_same(visits: list[Visited], traps: list[str]) -> None:
    """Whoever is a machine by itself is one in company, in whatever order visits are read."""
    seen = together(visits, traps)

    assert all(one.verdict.is_machine for one, alone in zip(seen, visits, strict=True) if alone.verdict.is_machine)
    assert together(visits[::-1], traps)[::-1] == seen


def test_a_bounced_mail_stays_bounced() -> None:
    bounced = states.reported(SENT, "bounce", at(1), {"type": "bounce"})

    assert rejudged(after(bounced, [click(1, 5)]), []).status == "bounced"
