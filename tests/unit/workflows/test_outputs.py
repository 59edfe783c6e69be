"""What a run carries along: what can still be asked, and never too much."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.workflows import rules, rules_outputs
from leadflow.workflows.rules import ActionNode, Cursor, Definition

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3000),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=30,
)


@pytest.mark.parametrize(
    ("config", "condition", "expected"),
    [
        ({"title": "Next actions for {{ name }}"}, None, set()),
        ({"title": "actions.A.output.x in prose, {{ name }}"}, None, set()),
        ({"title": "{{ actions.A.output.x }}", "body": [{"y": '{{ actions["B"].output }}'}]}, None, {"A", "B"}),
        ({"if": {"all": [{"not": {"field": "actions.A.output.x", "op": "exists"}}]}}, None, {"A"}),
        ({}, {"branch": "yes", "if": {"field": "actions.C.output.x", "op": "exists"}}, {"C"}),
        ({"title": "{% for one in actions %}{{ one }}{% endfor %}"}, None, {rules_outputs.ANY}),
        ({"title": "{{ actions[trigger.which].output }}"}, None, {rules_outputs.ANY}),
        ({"title": "{{ broken"}, None, set()),
    ],
)
def test_what_an_action_asks_is_known_beforehand(config: Any, condition: Any, expected: set[str]) -> None:
    assert rules_outputs.asked_by(config, condition) == expected


@given(st.dictionaries(st.text(max_size=20), JSON, max_size=20))
def test_x26_an_output_stays_within_bounds_and_says_what_was_cut(output: dict[str, Any]) -> None:
    kept = rules_outputs.bounded(output, 4000)
    assert rules_outputs.size_of(kept) <= 4000
    if rules_outputs.size_of(output) <= 4000:
        assert kept == output
    elif kept["_cut"] != [rules_outputs.ANY]:
        assert set(kept) == {*output, "_cut"}
        assert all(kept[name]["cut"] is True for name in kept["_cut"])


@pytest.mark.parametrize("letter", ["x", "я", "語"])
def test_x26_all_outputs_together_fit_beside_the_largest_body_of_a_hook(letter: str) -> None:
    size = 30_000 // len(letter.encode())
    outputs = {f"a{number}": {"branch": "yes", "text": letter * size} for number in range(20)}
    kept = rules_outputs.within_bounds(outputs)
    assert len(json.dumps(asdict(Cursor(outputs=kept)))) + 200_000 < 400 * 1024
    assert set(kept) == set(outputs)
    assert all(output["branch"] == "yes" for output in kept.values())


def test_a_cursor_holds_what_can_still_be_asked_and_no_more() -> None:
    nodes = [ActionNode(f"a{number:04d}", "update_lead", {}, number) for number in range(3000)]
    asking = {"field": "actions.a0001.output.x", "op": "exists"}
    nodes[2000] = ActionNode("a2000", "update_lead", {}, 2000, None, asking)
    definition = Definition("WF", 1, rules.in_walking_order(nodes))
    cursor = Cursor()
    for node in definition.actions:
        cursor = cursor.passed(definition, node, "completed", {"x": "y" * 20})
        assert len(json.dumps(asdict(cursor))) < 300
        assert ("a0001" in cursor.outputs) is (2 <= cursor.position <= 2000)


def test_a_chain_three_thousand_deep_keeps_only_the_parent_under_way() -> None:
    nodes = [
        ActionNode(f"a{number}", "update_lead", {}, 0, f"a{number - 1}" if number else None) for number in range(3000)
    ]
    definition = Definition("WF", 1, rules.in_walking_order(nodes))
    cursor = Cursor()
    for node in definition.actions:
        cursor = cursor.passed(definition, node, "completed")
        assert len(cursor.results) <= 1
    assert cursor.position == 3000
