"""Rules of a campaign's sequence: order, variants, windows, pacing, audience and gates."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.campaigns.enums import GOAL_EVENTS
from leadflow.campaigns.rules import audience, cohorts, editing, goals, members, sequence, variants, windows
from leadflow.campaigns.rules.members import Member
from leadflow.campaigns.store import tallies
from leadflow.core import clock
from leadflow.core.gates import first_closed

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CAMPAIGN: dict[str, Any] = {
    "target_audience": {"all": []},
    "audience_mode": "snapshot",
    "exclusions": None,
    "goal": None,
    "stop_on_reply": True,
    "frequency_cap": None,
    "send_window": None,
    "timezone": "UTC",
    "rate_per_second": None,
    "rate_per_hour": None,
    "warm_up": None,
    "started_at": clock.stamp(NOW),
}
LEAD: dict[str, Any] = {
    "id": "L1",
    "email": "ada@example.com",
    "score": 5,
    "tags": ["vip"],
    "timezone": None,
    "consent": {},
    "custom": {},
}
STEP: dict[str, Any] = {
    "id": "S1",
    "step_number": 1,
    "delay_hours": 0,
    "template_id": "T1",
    "condition": None,
    "variants": [],
}
moments = st.integers(0, 2 * 366 * 24 * 60).map(lambda n: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=n))


def mail(**fields: Any) -> dict[str, Any]:
    return {"outcome": "accepted", "status": "sent", **fields}


@given(st.lists(st.integers(1, 1000), unique=True), st.integers(0, 1001))
def test_steps_are_walked_by_number_each_once(numbers: list[int], start: int) -> None:
    steps = [{**STEP, "step_number": number} for number in numbers]
    walked, at = [], None
    while (step := sequence.next_step(steps, at)) is not None:
        at = step["step_number"]
        walked.append(at)

    assert walked == sorted(numbers)
    after = sequence.next_step(steps, start)
    assert (after["step_number"] if after else None) == min((n for n in numbers if n > start), default=None)


def test_a_step_is_due_its_delay_after_the_one_before() -> None:
    assert sequence.due_at({**STEP, "delay_hours": 48}, NOW) == NOW + timedelta(days=2)


def test_conditions_see_what_people_did_with_earlier_mails() -> None:
    steps = [STEP, {**STEP, "step_number": 2}, {**STEP, "step_number": 3}]
    mails = {1: mail(status="clicked", opened_at="x", clicked_at="x"), 2: mail(outcome="skipped", status="queued")}

    seen = sequence.facts(LEAD, steps, mails)

    assert seen["steps"] == {
        "1": {"opened": True, "clicked": True, "replied": False, "status": "clicked"},
        "2": {"opened": False, "clicked": False, "replied": False, "status": None},
        "3": {"opened": False, "clicked": False, "replied": False, "status": None},
    }
    silent = {"field": "steps.2.opened", "op": "eq", "value": False}
    assert sequence.holds({**STEP, "condition": silent}, seen, NOW)


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=10), st.text(min_size=1), st.text(min_size=1))
def test_a_variant_is_one_of_the_step_and_sticks(weights: list[int], step_id: str, lead_id: str) -> None:
    step = {**STEP, "id": step_id, "variants": [{"template_id": f"T{n}", "weight": w} for n, w in enumerate(weights)]}

    first = variants.chosen(step, lead_id)

    assert first in {one["template_id"] for one in step["variants"]}
    assert variants.chosen(step, lead_id) == first
    assert variants.chosen({**step, "variants": []}, lead_id) == "T1"


def test_x16_shares_of_variants_follow_their_weights() -> None:
    step = {**STEP, "variants": [{"template_id": "A", "weight": 3}, {"template_id": "B", "weight": 1}]}
    counts = Counter(variants.chosen(step, f"lead-{number}") for number in range(8_000))
    assert 0.73 < counts["A"] / 8_000 < 0.77


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_x16_a_score_is_a_cautious_share(sent: int, acted: int) -> None:
    score = variants.performance_score(sent, acted)
    if sent == 0:
        assert score is None
        return
    assert score is not None
    assert 0 <= score <= 100 * min(acted, sent) / sent + 0.01
    assert variants.performance_score(sent, acted + 1) >= score  # type: ignore[operator]
    assert variants.performance_score(sent * 2, acted * 2) >= score  # type: ignore[operator]


def test_x16_few_lucky_mails_do_not_beat_many() -> None:
    assert variants.performance_score(4, 3) < variants.performance_score(500, 300)  # type: ignore[operator]


@given(
    moments,
    st.sampled_from([None, "Nowhere/Land", *sorted(available_timezones() - {"localtime"})]),
    st.booleans(),
    st.sampled_from(["00:00", "09:00", "23:00"]),
)
def test_x10_a_mail_waits_for_the_window_where_the_lead_is(
    moment: datetime, zone: str | None, use_own: bool, start: str
) -> None:
    window = {"days": ["tue", "sun"], "from": start, "to": "24:00", "use_lead_timezone": use_own}
    campaign, lead = {**CAMPAIGN, "send_window": window, "timezone": "Asia/Tokyo"}, {**LEAD, "timezone": zone}

    opens = windows.opens_at(campaign, lead, moment)
    place = windows.place_of(campaign, lead)

    assert opens >= moment
    assert windows.is_open(campaign, lead, opens)
    assert windows.is_open(campaign, lead, moment) == (opens == moment)
    known = use_own and zone not in (None, "Nowhere/Land")
    assert place.is_own == known
    assert str(place.zone) == (zone if known else "Asia/Tokyo")


def test_whom_the_exclusions_name() -> None:
    def excluded(exclusions: dict[str, Any] | None, had: tuple[str, ...] = ()) -> bool:
        return audience.is_excluded({**CAMPAIGN, "exclusions": exclusions}, LEAD, NOW, had)

    vip = {"field": "lead.tags", "op": "contains", "value": "vip"}
    assert excluded({"condition": vip})
    assert excluded({"lead_ids": ["L1"]})
    assert excluded({"campaign_ids": ["C1"]}, ("C1",))
    assert not excluded({"condition": {"not": vip}, "lead_ids": ["L2"], "campaign_ids": ["C1"]}, ("C2",))
    assert not excluded(None, ("C1",))


def test_nobody_is_in_the_audience_before_there_is_one() -> None:
    assert not audience.fits({**CAMPAIGN, "target_audience": None}, LEAD, NOW)
    assert audience.fits(CAMPAIGN, LEAD, NOW)
    assert audience.normal_address(" Ada@EXAMPLE.com ") == "ada@example.com"


def test_an_evergreen_audience_takes_in_who_has_an_address() -> None:
    without = {**LEAD, "email": None}
    assert audience.fits(CAMPAIGN, without, NOW)
    assert not audience.fits({**CAMPAIGN, "audience_mode": "evergreen"}, without, NOW)
    assert audience.fits({**CAMPAIGN, "audience_mode": "evergreen"}, LEAD, NOW)


@given(st.dictionaries(st.text(min_size=1, max_size=3), moments.map(clock.stamp), min_size=1, max_size=20))
def test_who_joins_within_a_quarter_of_an_hour_of_the_first_makes_one_cohort(joined: dict[str, str]) -> None:
    left, seen = dict(joined), list[str]()
    while left:
        first, together = cohorts.come_together(left)
        moments_of = [clock.parse(left.pop(member)) for member in together]
        assert clock.stamp(min(moments_of)) == first
        assert max(moments_of) - min(moments_of) <= timedelta(minutes=15)
        assert all(clock.parse(at) > max(moments_of) for at in left.values())
        seen += together
    assert sorted(seen) == sorted(joined)


ASKED = [
    ("lead_gone", CAMPAIGN, Member(None)),
    ("erased", CAMPAIGN, Member(None, is_erased=True)),
    ("no_email", CAMPAIGN, Member({**LEAD, "email": None})),
    ("suppressed:bounce", CAMPAIGN, Member(LEAD, suppressed_for="bounce")),
    ("opted_out", CAMPAIGN, Member({**LEAD, "consent": {"email": {"opted_in": False}}})),
    ("excluded", {**CAMPAIGN, "exclusions": {"lead_ids": ["L1"]}}, Member(LEAD)),
    ("replied", CAMPAIGN, Member(LEAD, has_replied=True)),
    (None, {**CAMPAIGN, "stop_on_reply": False}, Member(LEAD, has_replied=True)),
    ("goal_reached", {**CAMPAIGN, "goal": {"event": "form_submitted"}}, Member(LEAD, came_to_goal=True)),
    ("goal_reached", {**CAMPAIGN, "goal": {"condition": {"all": []}}}, Member(LEAD)),
    (None, CAMPAIGN, Member(LEAD, came_to_goal=True)),
    ("frequency_cap", CAMPAIGN, Member(LEAD, had_enough="frequency_cap")),
    ("duplicate_address", CAMPAIGN, Member(LEAD, had_enough="duplicate_address")),
    (None, CAMPAIGN, Member(LEAD)),
]


@pytest.mark.parametrize(("reason", "campaign", "member"), ASKED)
def test_the_first_closed_gate_is_the_reason(reason: str | None, campaign: dict[str, Any], member: Member) -> None:
    closed = first_closed(members.gates_of(campaign, STEP, [STEP], member, NOW))

    assert (closed and closed.code) == reason


def test_a_condition_that_does_not_hold_and_a_window_that_is_shut() -> None:
    step = {**STEP, "condition": {"field": "lead.score", "op": "gt", "value": 50}}
    closed = first_closed(members.gates_of(CAMPAIGN, step, [step], Member(LEAD), NOW))
    assert closed is not None
    assert closed.code == "condition_not_met"
    window = {"days": ["mon"], "from": "10:00", "to": "11:00"}
    *_, last = members.gates_of({**CAMPAIGN, "send_window": window}, STEP, [STEP], Member(LEAD), NOW)
    assert (last.gate, last.verdict, last.at) == ("window", "pending", "2026-03-02T10:00:00.000Z")


def test_what_an_edit_may_change() -> None:
    every = ("name", "target_audience", "audience_mode", "rate_per_hour")
    assert [field for field, _ in editing.settled_fields("draft", "snapshot", every)] == []
    assert [field for field, _ in editing.settled_fields("active", "snapshot", every)] == list(every[1:3])
    assert [field for field, _ in editing.settled_fields("paused", "evergreen", every)] == ["audience_mode"]
    assert [field for field, _ in editing.settled_fields("completed", "evergreen", every)] == list(every[1:])
    begun = {**STEP, "step_number": 3, "begun_at": "x"}
    assert editing.place_is_settled("active", 2, [begun])
    assert editing.place_is_settled("active", 4, [begun]) is None
    assert editing.asked_about({"not": {"all": [{"field": "steps.11.opened"}]}}, 11)
    assert not editing.asked_about({"all": [{"field": "steps.11.opened"}]}, 1)


@given(
    st.sampled_from([None, *sorted(GOAL_EVENTS)]),
    st.sampled_from([*sorted(GOAL_EVENTS), "email_opened"]),
    st.sampled_from(["C1", "C2", None]),
    st.booleans(),
)
def test_a_goal_is_reached_by_its_event_alone_by_people_and_a_click_by_its_own_mail(
    goal: str | None, event: str, clicked_in: str | None, machine: bool
) -> None:
    record = {**CAMPAIGN, "id": "C1", "goal": {"condition": None, "event": goal} if goal else None}
    data = {"campaign_id": clicked_in, "machine": machine} if event.startswith("email") else {}

    reached = goals.is_reached_by(record, event, data)

    its_own = event != "email_clicked" or (clicked_in == "C1" and not machine)
    assert reached == (goal == event and its_own)
    mark = goals.mark_of(record)
    assert (mark is None) == (goal is None)
    assert mark is None or ("C1" in mark) == (goal == "email_clicked")


@given(st.dictionaries(st.integers(1, 60), st.integers(0, 1_000), max_size=48))
def test_what_a_cohort_leaves_counts_like_so_many_members_who_are_skipped(left: dict[int, int]) -> None:
    one_by_one = Counter[str]()
    for step_number, count in left.items():
        for name, one in tallies.skipped(step_number, tallies.COMPLETED).items():
            one_by_one[name] += one * count

    together = tallies.ended({str(number): count for number, count in left.items()})

    assert together == {name: count for name, count in one_by_one.items() if count}
    assert len(together) + 1 <= 100, "one transaction, with the mark"
