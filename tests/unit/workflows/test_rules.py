"""What a workflow does next, by values and by properties over generated trees."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.workflows import rules
from leadflow.workflows.rules import ActionNode, Cursor, Definition

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def action(
    action_id: str, parent: str | None = None, condition: dict[str, Any] | None = None, order: int = 0, **config: Any
) -> ActionNode:
    kind = "condition" if action_id.startswith("if") else "update_lead"
    return ActionNode(action_id, kind, config, order, parent, condition)


def defined(*nodes: ActionNode) -> Definition:
    return Definition("WF", 1, rules.in_walking_order(nodes))


def walk(
    definition: Definition, lead: dict[str, Any] | None = None, results: dict[str, Any] | None = None
) -> list[str]:
    """Runs through a definition: `results` says what an action gives, `!` that it fails for good."""
    cursor, trace = Cursor(), []
    while (step := rules.next_step(definition, cursor, {"lead": lead or {}, "trigger": {}}, NOW)) is not None:
        outcome = (results or {}).get(step.node.id, {})
        if step.skip_reason:
            trace.append(f"-{step.node.id}")
            cursor = cursor.passed(definition, step.node, "skipped")
        elif outcome == "!":
            trace.append(f"!{step.node.id}")
            cursor = cursor.passed(definition, step.node, "failed")
            if not rules.survives_failure(definition, step.node):
                return [*trace, "failed"]
        else:
            trace.append(step.node.id)
            cursor = cursor.passed(definition, step.node, "completed", outcome)
    return trace


def test_children_run_after_their_parent_and_before_its_next_sibling() -> None:
    definition = defined(
        action("b", order=2), action("a", order=1), action("a2", "a", order=5), action("a1", "a"), action("a11", "a1")
    )
    assert walk(definition) == ["a", "a1", "a11", "a2", "b"]


def test_only_the_side_a_condition_took_runs() -> None:
    definition = defined(
        action("if", **{"if": {}}),
        action("yes", "if", {"branch": "yes"}),
        action("deep", "yes"),
        action("no", "if", {"branch": "no"}, order=1),
        action("end", order=9),
    )
    assert walk(definition, results={"if": {"branch": "yes"}}) == ["if", "yes", "deep", "-no", "end"]
    assert walk(definition, results={"if": {"branch": "no"}}) == ["if", "-yes", "-deep", "no", "end"]


def test_a_branch_may_have_a_gate_of_its_own() -> None:
    gate = {"field": "lead.score", "op": "gte", "value": 50}
    definition = defined(action("if"), action("yes", "if", {"branch": "yes", "if": gate}))
    assert walk(definition, {"score": 50}, {"if": {"branch": "yes"}}) == ["if", "yes"]
    assert walk(definition, {"score": 49}, {"if": {"branch": "yes"}}) == ["if", "-yes"]


def test_a_gate_skips_the_action_and_everything_below_it() -> None:
    gate = {"field": "lead.source", "op": "eq", "value": "website"}
    definition = defined(action("a", None, gate), action("a1", "a"), action("b", order=1))
    assert walk(definition, {"source": "website"}) == ["a", "a1", "b"]
    assert walk(definition, {"source": "ads"}) == ["-a", "-a1", "b"]


def test_a_later_action_may_ask_for_the_output_of_an_earlier_one() -> None:
    gate = {"field": "actions.a.output.outcome", "op": "eq", "value": "accepted"}
    definition = defined(action("a"), action("b", None, gate, order=1))
    assert walk(definition, results={"a": {"outcome": "accepted"}}) == ["a", "b"]
    assert walk(definition, results={"a": {"outcome": "skipped"}}) == ["a", "-b"]


def test_a_failure_ends_the_run_unless_it_is_continued_or_has_an_error_side() -> None:
    assert walk(defined(action("a"), action("b", order=1)), results={"a": "!"}) == ["!a", "failed"]
    going_on = defined(action("a", on_error="continue"), action("a1", "a"), action("b", order=1))
    assert walk(going_on, results={"a": "!"}) == ["!a", "-a1", "b"]
    handled = defined(action("a"), action("a1", "a"), action("oops", "a", {"branch": "error"}), action("b", order=1))
    assert walk(handled, results={"a": "!"}) == ["!a", "-a1", "oops", "b"]
    assert walk(handled) == ["a", "a1", "-oops", "b"]


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[ActionNode], dict[str, Any]]:
    size = draw(st.integers(1, 25))
    nodes: list[ActionNode] = []
    outcomes: dict[str, Any] = {}
    for number in range(size):
        is_condition = draw(st.booleans())
        name = f"{'if' if is_condition else 'do'}{number}"
        parent = draw(st.sampled_from([None, *nodes])) if nodes else None
        sides = ["error"] if parent is None or parent.action_type != "condition" else ["yes", "no", "error"]
        branch = draw(st.sampled_from(sides if parent and parent.action_type == "condition" else [None, *sides]))
        condition = {"branch": branch} if branch and parent else None
        config = {"on_error": draw(st.sampled_from(["fail", "continue"]))}
        parent_id = parent.id if parent else None
        nodes.append(
            ActionNode(name, "condition" if is_condition else "update_lead", config, number % 3, parent_id, condition)
        )
        if draw(st.integers(0, 4)) == 0:
            outcomes[name] = "!"
        elif is_condition:
            outcomes[name] = {"branch": draw(st.sampled_from(["yes", "no"]))}
    return nodes, outcomes


@given(trees())
def test_every_tree_ends_and_visits_each_action_at_most_once(case: tuple[list[ActionNode], dict[str, Any]]) -> None:
    nodes, outcomes = case
    trace = walk(defined(*nodes), results=outcomes)
    seen = [name.strip("!-") for name in trace if name != "failed"]
    assert len(seen) == len(set(seen))
    if trace[-1] != "failed":
        assert set(seen) == {node.id for node in nodes}


@given(trees())
def test_nothing_runs_below_what_was_skipped(case: tuple[list[ActionNode], dict[str, Any]]) -> None:
    nodes, outcomes = case
    trace = walk(defined(*nodes), results=outcomes)
    parents = {node.id: node.parent_id for node in nodes}
    ran = {name.strip("!") for name in trace if not name.startswith("-") and name != "failed"}
    assert all(parents[name] is None or parents[name] in ran for name in ran)


@given(trees(), st.randoms(use_true_random=False))
def test_the_order_of_writing_does_not_matter(case: tuple[list[ActionNode], dict[str, Any]], random: Any) -> None:
    nodes, outcomes = case
    shuffled = list(nodes)
    random.shuffle(shuffled)
    assert walk(defined(*nodes), results=outcomes) == walk(defined(*shuffled), results=outcomes)


@given(trees())
def test_a_cursor_survives_being_kept_as_json_fields(case: tuple[list[ActionNode], dict[str, Any]]) -> None:
    nodes, _ = case
    cursor, definition = Cursor(), defined(*nodes)
    for node in definition.actions:
        cursor = cursor.passed(definition, node, "completed", {"branch": "yes"})
    assert Cursor(**asdict(cursor)) == cursor


def test_actions_in_a_cycle_are_not_walked() -> None:
    assert rules.in_walking_order([action("a", "b"), action("b", "a"), action("c")]) == (action("c"),)


def test_waits_add_their_parts_up() -> None:
    assert rules.wakes_at({"days": 1, "hours": 2, "minutes": 3}, None, NOW) == NOW + timedelta(
        days=1, hours=2, minutes=3
    )


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2026-03-05T10:00:00+02:00", datetime(2026, 3, 5, 8, 0, tzinfo=UTC)),
        ("lead.custom.renewal_at", datetime(2026, 4, 1, tzinfo=UTC)),
        ("2020-01-01T00:00:00Z", NOW),
        ("lead.custom.contract.ends_on", datetime(2026, 5, 1, tzinfo=UTC)),
        ("lead.custom.birthday", NOW),
        ("lead.custom.someday", None),
        ("lead.custom.missing", None),
        ("lead.name", None),
    ],
)
def test_a_wait_until_a_time_or_a_field_of_the_lead(until: str, expected: datetime | None) -> None:
    dates = {"contract.ends_on": "2026-05-01", "birthday": "0001-01-01T00:00:00+23:00", "someday": "9999-12-31"}
    lead = {"name": "Ada", "custom": {"renewal_at": "2026-04-01T00:00:00Z", **dates}}
    for more in ({}, {"window": {"from": "00:00", "to": "24:00"}}):
        assert rules.wakes_at({"until": until, **more}, lead, NOW) == expected


def test_retries_back_off_and_end() -> None:
    config = {"retry": {"max_attempts": 3, "backoff_seconds": 10}}
    first, second = (rules.retry_at(config, attempt, NOW, 1.0) for attempt in (1, 2))
    assert (first, second) == (NOW + timedelta(seconds=10), NOW + timedelta(seconds=20))
    assert rules.retry_at(config, 3, NOW, 1.0) is None
    assert rules.retry_at({"retry": {"max_attempts": 10, "backoff_seconds": 3600}}, 9, NOW, 0.0) == NOW + timedelta(
        minutes=30
    )


@pytest.mark.parametrize(
    ("trigger_type", "config", "data", "expected"),
    [
        ("lead_created", {}, {"source": "api"}, True),
        ("lead_status_changed", {"to": "qualified"}, {"from": "new", "to": "qualified"}, True),
        ("lead_status_changed", {"from": "contacted"}, {"from": "new", "to": "qualified"}, False),
        ("score_threshold", {"gte": 50}, {"from": 49, "to": 50}, True),
        ("score_threshold", {"gte": 50}, {"from": 50, "to": 80}, False),
        ("score_threshold", {"gte": 50}, {"from": 60, "to": 40}, False),
        ("email_opened", {}, {"email_id": "1"}, True),
        ("email_opened", {}, {"email_id": "1", "machine": True}, False),
        ("email_opened", {"include_machine": True}, {"email_id": "1", "machine": True}, True),
        ("email_clicked", {"link": "https://a.test"}, {"link": "https://b.test"}, False),
    ],
)
def test_which_events_a_trigger_takes(trigger_type: str, config: Any, data: Any, expected: bool) -> None:
    assert rules.matches(trigger_type, config, data) is expected
