"""Where a lead stands in a workflow: pure, by values."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadflow.core import conditions
from leadflow.workflows import rules
from leadflow.workflows import rules_standing as standing
from leadflow.workflows.rules import ActionNode, Cursor, Definition

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LEAD: dict[str, Any] = {"id": "L", "score": 40, "tags": [], "source": "ads", "created_at": "2026-03-02T09:00:00.000Z"}


def field(name: str, value: Any) -> dict[str, Any]:
    return {"field": name, "op": "eq", "value": value}


LEAVES = st.sampled_from(
    [field("lead.score", 40), field("lead.score", 41), field("trigger.from", "new"), field("trigger.to", "won")]
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"all": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(filters=CONDITIONS)
def test_what_is_said_of_an_event_to_come_holds_for_any_event(filters: dict[str, Any]) -> None:
    """Pass and fail hold whatever the event is; the dispatcher asks the very same with the event at hand."""
    gate = standing.filtered(filters, LEAD, None, NOW)
    events = [{"from": before, "to": after} for before in ("new", "old") for after in ("won", "lost")]

    outcomes = {standing.filtered(filters, LEAD, event, NOW).verdict for event in events}

    assert outcomes == {
        "pass" if conditions.evaluate(filters, {"lead": LEAD, "trigger": event}, NOW) else "fail" for event in events
    }
    if gate.verdict != "unknown":
        assert outcomes == {gate.verdict}


def test_the_sentence_about_filters_holds_no_value() -> None:
    secret = {"all": [field("lead.custom.diagnosis", "measles"), field("lead.score", 41)]}

    gate = standing.filtered(secret, LEAD, {}, NOW)

    assert gate.detail == "The filters do not hold: lead.custom.diagnosis eq, lead.score eq."
    assert standing.filtered({"any": []}, LEAD, {}, NOW).fails


def node(number: int, action_type: str, **more: Any) -> ActionNode:
    return ActionNode(f"A{number}", action_type, more.pop("config", {}), order=number, **more)


CONFIGS: dict[str, dict[str, Any]] = {
    "send_email": {"template_id": "T"},
    "wait": {"minutes": 30},
    "update_lead": {"add_tags": ["x"]},
    "condition": {"if": field("lead.score", 40)},
}


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    """Any small tree of actions, with conditions and branches."""
    nodes: list[ActionNode] = []
    for number in range(draw(st.integers(0, 7))):
        kind = draw(st.sampled_from(sorted(CONFIGS)))
        parent = draw(st.sampled_from([None, *nodes]))
        condition = draw(st.sampled_from([None, field("lead.score", 40), field("lead.score", 1)]))
        if parent is not None and parent.action_type == "condition":
            condition = {"branch": draw(st.sampled_from(["yes", "no"]))}
        parent_id = parent.id if parent else None
        nodes.append(node(number, kind, config=CONFIGS[kind], parent_id=parent_id, condition=condition))
    return Definition("W", 1, rules.in_walking_order(nodes))


@settings(deadline=None)
@given(definition=definitions())
def test_the_way_ahead_is_the_way_that_a_run_goes(definition: Definition) -> None:
    """Each step of a run by `next_step` is compared with what was foretold before it."""
    facts, cursor, at = {"lead": LEAD, "trigger": {}}, Cursor(), NOW
    while (step := rules.next_step(definition, cursor, facts, at)) is not None:
        foretold = standing.ahead(definition, cursor, facts, at)
        if step.node.action_type == "send_email" and not step.skip_reason:
            assert (foretold.mail, foretold.at, foretold.is_reached) == (step.node, at, True)
        elif foretold.mail is not None:
            assert not foretold.is_reached
            assert foretold.at is not None
            assert foretold.at >= at
        if step.skip_reason:
            cursor = cursor.passed(definition, step.node, "skipped")
            continue
        if step.node.action_type == "wait":
            at += timedelta(minutes=30)
        output = {"branch": "yes"} if step.node.action_type == "condition" else {}
        cursor = cursor.passed(definition, step.node, "completed", output)
        after = standing.ahead(definition, cursor, facts, at)
        if not foretold.is_reached:
            assert (foretold.mail, foretold.at) == (after.mail, after.at)
    assert asdict(standing.ahead(definition, cursor, facts, at)) == asdict(standing.Ahead())


def test_a_wait_that_has_begun_is_not_waited_for_twice() -> None:
    definition = Definition("W", 1, (node(0, "wait", config={"hours": 2}), node(1, "send_email")))
    facts = {"lead": LEAD, "trigger": {}}

    assert standing.ahead(definition, Cursor(), facts, NOW, waits_already=True).at == NOW
    assert standing.ahead(definition, Cursor(), facts, NOW).at == NOW + timedelta(hours=2)


@pytest.mark.parametrize(("on_error", "is_held"), [("fail", True), ("continue", False)])
def test_a_wait_for_a_time_that_there_is_not(on_error: str, is_held: bool) -> None:
    config = {"until": "lead.custom.renewal_at", "on_error": on_error}
    definition = Definition("W", 1, (node(0, "wait", config=config), node(1, "send_email")))

    found = standing.ahead(definition, Cursor(), {"lead": LEAD, "trigger": {}}, NOW)

    assert (found.mail is None) is is_held
    assert (found.held is not None and found.held.code) == (is_held and "no_time")


@pytest.mark.parametrize(
    ("status", "more", "verdict", "code"),
    [
        (None, {}, "pending", "no_run_yet"),
        ("completed", {"ended_at": "x"}, "pass", "run_completed"),
        ("failed", {"ended_at": "x"}, "fail", "run_failed"),
        ("cancelled", {"ended_at": "x"}, "fail", "run_cancelled"),
        ("running", {}, "pass", "under_way"),
        ("running", {"wake_at": "x"}, "pending", "waiting"),
        ("running", {"wake_at": "x", "attempt": 2}, "pending", "retrying"),
    ],
)
def test_where_a_run_stands(status: str | None, more: dict[str, Any], verdict: str, code: str) -> None:
    gate = standing.run_gate(status, run_id="R", **more)

    assert (gate.verdict, gate.code) == (verdict, code)
