"""Failures: the sides they take, nested deep, and the workflows they start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.harness import call

Activate = Callable[[str], Any]
MakeLead = Callable[..., str]
FAILS = {"until": "lead.custom.missing"}


def runs_of(workflow_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = call("executions/list_executions", path={"workflow_id": workflow_id}).json["items"]
    return items


def tags(lead_id: str) -> list[str]:
    found: list[str] = call("leads/get_lead", path={"lead_id": lead_id}).json["tags"]
    return found


def test_x11_error_sides_within_error_sides_twelve_deep(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, make_lead: MakeLead, engine: Engine
) -> None:
    workflow_id = make_workflow()
    parent = add_action(workflow_id, "wait", FAILS)
    for depth in range(12):
        side: dict[str, Any] = {"parent_action_id": parent, "condition": {"branch": "error"}}
        add_action(workflow_id, "update_lead", {"add_tags": [f"error-{depth}"]}, order=0, **side)
        usual = {"parent_action_id": parent}
        add_action(workflow_id, "update_lead", {"add_tags": ["never"]}, order=1, **usual)
        parent = add_action(workflow_id, "wait", FAILS, order=2, **side)
    add_action(
        workflow_id,
        "update_lead",
        {"add_tags": ["bottom"]},
        parent_action_id=parent,
        condition={"branch": "error"},
    )
    add_action(workflow_id, "update_lead", {"add_tags": ["end"]}, order=9)
    activate(workflow_id)
    lead_id = make_lead()
    engine.run()
    assert runs_of(workflow_id)[0]["status"] == "completed"
    assert tags(lead_id) == [*(f"error-{depth}" for depth in range(12)), "bottom", "end"]


def test_a_failure_at_the_bottom_ends_the_run_whatever_stands_above(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, make_lead: MakeLead, engine: Engine
) -> None:
    workflow_id = make_workflow()
    parent: str | None = None
    for _ in range(11):
        parent = add_action(workflow_id, "wait", {"minutes": 1}, parent_action_id=parent)
    failing = add_action(workflow_id, "wait", FAILS, parent_action_id=parent)
    add_action(workflow_id, "update_lead", {"add_tags": ["end"]}, order=9)
    activate(workflow_id)
    lead_id = make_lead()
    engine.run()
    [run] = runs_of(workflow_id)
    assert run["status"] == "failed"
    assert failing in run["error_message"]
    assert tags(lead_id) == []


@pytest.fixture
def failing(make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate) -> str:
    workflow_id = make_workflow("Fails")
    add_action(workflow_id, "wait", FAILS)
    activate(workflow_id)
    return workflow_id


def answering(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, tag: str, fails: bool = False, **config: Any
) -> str:
    workflow_id = make_workflow("Answers", "workflow_failed", **config)
    add_action(workflow_id, "update_lead", {"add_tags": [tag]})
    if fails:
        add_action(workflow_id, "wait", FAILS, order=1)
    activate(workflow_id)
    return workflow_id


def test_a_failed_run_starts_the_workflows_that_listen_for_it(
    failing: str,
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Activate,
    make_lead: MakeLead,
    engine: Engine,
) -> None:
    tools = (make_workflow, add_action, activate)
    any_failure = answering(*tools, "any")
    this = answering(*tools, "this", workflow_id=failing)
    other = answering(*tools, "other", workflow_id=any_failure)
    lead_id = make_lead()
    engine.run()
    [failed] = runs_of(failing)
    [answer] = runs_of(any_failure)
    assert answer["trigger_data"] == {"execution_id": failed["id"], "workflow_id": failing, "error": "InvalidInput"}
    assert len(runs_of(this)) == 1
    assert runs_of(other) == []
    assert sorted(tags(lead_id)) == ["any", "this"]


def test_x27_failing_answers_to_failures_come_to_an_end(
    failing: str,
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Activate,
    make_lead: MakeLead,
    engine: Engine,
) -> None:
    one = answering(make_workflow, add_action, activate, "one", fails=True)
    two = answering(make_workflow, add_action, activate, "two", fails=True)
    make_lead()
    engine.run()
    # Each answers the failure it was told of, and the other's answer to it; none answers what it led to itself.
    assert [len(runs_of(workflow_id)) for workflow_id in (failing, one, two)] == [1, 2, 2]


def test_a_failure_without_a_lead_starts_a_run_without_one(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, engine: Engine
) -> None:
    workflow_id = make_workflow(trigger=None)
    add_action(workflow_id, "update_lead", {"add_tags": ["nobody"]})
    activate(workflow_id)
    listener = make_workflow("Listens", "workflow_failed")
    add_action(listener, "wait", {"minutes": 1})
    activate(listener)
    engine.clock.advance(seconds=1)
    assert call("workflows/run_workflow", {}, path={"workflow_id": workflow_id}).status == 202
    engine.run()
    [run] = runs_of(listener)
    assert (run["status"], run["lead_id"]) == ("completed", None)


def test_x29_a_workflow_that_always_fails_is_never_switched_off_and_each_failure_is_told(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, make_lead: MakeLead, engine: Engine
) -> None:
    """Nothing is disabled in silence: what fails stays active until somebody says otherwise."""
    failing = make_workflow()
    add_action(failing, "wait", FAILS)
    activate(failing)
    told = answering(make_workflow, add_action, activate, "told", workflow_id=failing)
    for number in range(12):
        make_lead(email=f"lead{number}@example.com")
        engine.run()
    record = call("workflows/get_workflow", path={"workflow_id": failing}).json
    assert (record["status"], record["execution_count"], record["failure_count"]) == ("active", 12, 12)
    assert all("the lead has no time in this field" in run["error_message"] for run in runs_of(failing))
    events = [run["trigger_data"] for run in runs_of(told)]
    assert {event["execution_id"] for event in events} == {run["id"] for run in runs_of(failing)}
    assert {event["error"] for event in events} == {"InvalidInput"}
