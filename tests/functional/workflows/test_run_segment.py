from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from leadflow.core import effects, table
from leadflow.workflows import store
from leadflow.workflows.service import recovery, running
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call, door

Activate = Callable[[str], Any]
MakeLead = Callable[..., str]
IF_WARM = {"if": {"field": "lead.source", "op": "eq", "value": "website"}}


def only_run(workflow_id: str) -> dict[str, Any]:
    [run] = call("executions/list_executions", path={"workflow_id": workflow_id}).json["items"]
    return dict(run)


def logs_of(execution_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = call("executions/list_logs", path={"execution_id": execution_id}).json["items"]
    return items


@pytest.fixture
def branching(make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate) -> str:
    """condition → yes: wait an hour, tag warm · no: tag cold; then tag done."""
    workflow_id = make_workflow()
    gate = add_action(workflow_id, "condition", IF_WARM)
    yes: dict[str, Any] = {"parent_action_id": gate, "condition": {"branch": "yes"}}
    add_action(workflow_id, "wait", {"hours": 1}, order=0, **yes)
    add_action(workflow_id, "update_lead", {"add_tags": ["warm"]}, order=1, **yes)
    no = {"parent_action_id": gate, "condition": {"branch": "no"}}
    add_action(workflow_id, "update_lead", {"add_tags": ["cold"]}, order=2, **no)
    add_action(workflow_id, "update_lead", {"add_tags": ["done"]}, order=9)
    activate(workflow_id)
    return workflow_id


def test_a_run_goes_through_branch_and_wait_to_its_end(
    branching: str, make_lead: MakeLead, engine: Engine, clock: Clock
) -> None:
    lead_id = make_lead(source="website")
    began = clock.moment
    engine.run()
    assert clock.moment - began == timedelta(hours=1)
    run = only_run(branching)
    assert (run["status"], run["error_message"], run["workflow_version"]) == ("completed", None, 1)
    assert call("leads/get_lead", path={"lead_id": lead_id}).json["tags"] == ["warm", "done"]
    logs = logs_of(run["id"])
    assert [(log["action_type"], log["status"]) for log in logs] == [
        ("condition", "completed"),
        ("wait", "completed"),
        ("update_lead", "completed"),
        ("update_lead", "skipped"),
        ("update_lead", "completed"),
    ]
    assert all(log["duration_ms"] is not None and log["attempt"] == 1 for log in logs)
    assert logs[0]["output_data"] == {"branch": "yes"}
    assert logs[3]["reason"] == "the condition above is yes"


def test_the_other_side_of_the_branch(branching: str, make_lead: MakeLead, engine: Engine) -> None:
    lead_id = make_lead(source="ads")
    engine.run()
    assert call("leads/get_lead", path={"lead_id": lead_id}).json["tags"] == ["cold", "done"]


def test_the_totals_of_the_workflow_follow(branching: str, make_lead: MakeLead, engine: Engine) -> None:
    make_lead()
    engine.run()
    record = call("workflows/get_workflow", path={"workflow_id": branching}).json
    assert (record["execution_count"], record["success_count"], record["failure_count"]) == (1, 1, 0)


def test_the_same_task_called_again_and_again_does_nothing_more(
    branching: str, make_lead: MakeLead, engine: Engine, clock: Clock
) -> None:
    make_lead(source="website")
    engine.deliver()
    [start] = engine.starts()
    first = door("workflows/run_segment")(dict(start), None)
    assert first["next"] == "wait"
    assert door("workflows/run_segment")(dict(start), None) == first
    clock.advance(hours=2)
    assert door("workflows/run_segment")(dict(start), None) == {"next": "done"}
    assert door("workflows/run_segment")(dict(start), None) == {"next": "done"}
    assert len(logs_of(start["execution_id"])) == 5


def test_a_run_keeps_the_version_it_began_with(
    branching: str, add_action: AddAction, activate: Activate, make_lead: MakeLead, engine: Engine
) -> None:
    lead_id = make_lead(source="website")
    engine.deliver()
    [start] = engine.starts()
    engine.segment(start)
    add_action(branching, "update_lead", {"add_tags": ["later"]}, order=10)
    activate(branching)
    engine.run()
    assert "later" not in call("leads/get_lead", path={"lead_id": lead_id}).json["tags"]
    assert {log["workflow_version"] for log in logs_of(start["execution_id"])} == {1}


def test_somebody_elses_lease_is_waited_for(branching: str, make_lead: MakeLead, engine: Engine) -> None:
    make_lead()
    engine.deliver()
    [start] = engine.starts()
    execution = store.load_execution(start["execution_id"])
    execution.lease_until = effects.lease_end()
    table.save(execution)
    outcome = door("workflows/run_segment")(dict(start), None)
    assert outcome == {"next": "wait", "wait_until": execution.lease_until}


def test_a_state_machine_execution_that_was_replaced_does_nothing(
    branching: str, make_lead: MakeLead, engine: Engine, clock: Clock
) -> None:
    make_lead()
    engine.deliver()
    [start] = engine.starts()
    clock.advance(minutes=3)
    assert recovery.reconcile() == {"restarted": 1, "given_up": 0}
    assert door("workflows/run_segment")(dict(start), None) == {"next": "done"}
    [again] = engine.starts()
    assert again == {"execution_id": start["execution_id"], "run": 2}
    assert engine.segment(again) == "done"


def test_a_run_whose_queue_and_machine_vanished_is_found_in_the_table(
    branching: str, make_lead: MakeLead, engine: Engine, clock: Clock
) -> None:
    lead_id = make_lead(source="website")
    engine.deliver()
    [start] = engine.starts()
    engine.segment(start)
    engine.asleep.clear()
    clock.advance(minutes=30)
    assert recovery.reconcile()["restarted"] == 0
    clock.advance(hours=1)
    assert recovery.reconcile()["restarted"] == 1
    engine.run()
    assert only_run(branching)["status"] == "completed"
    assert call("leads/get_lead", path={"lead_id": lead_id}).json["tags"] == ["warm", "done"]


def test_a_run_that_is_lost_over_and_over_is_given_up(
    branching: str, make_lead: MakeLead, engine: Engine, clock: Clock
) -> None:
    make_lead()
    engine.deliver()
    for _ in range(recovery.MAX_LOSSES + 1):
        execution = store.load_execution(only_run(branching)["id"])
        running._lease(execution)
        clock.advance(minutes=10)
        recovery.reconcile()
    run = only_run(branching)
    assert run["status"] == "failed"
    assert "lost 20 times" in run["error_message"]


def test_a_long_run_goes_on_in_a_fresh_state_machine_execution(
    branching: str, make_lead: MakeLead, engine: Engine
) -> None:
    make_lead()
    engine.deliver()
    [start] = engine.starts()
    execution = store.load_execution(start["execution_id"])
    execution.segments = running.MAX_SEGMENTS
    table.save(execution)
    assert engine.segment(start) == "done"
    [again] = engine.starts()
    assert again["run"] == 2
    assert engine.segment(again) == "done"
    assert only_run(branching)["status"] == "completed"


def test_a_failure_ends_the_run_and_says_where(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, make_lead: MakeLead, engine: Engine
) -> None:
    workflow_id = make_workflow()
    wait = add_action(workflow_id, "wait", {"until": "lead.custom.renewal_at"})
    add_action(workflow_id, "update_lead", {"add_tags": ["never"]}, order=1)
    activate(workflow_id)
    make_lead()
    engine.run()
    run = only_run(workflow_id)
    assert run["status"] == "failed"
    assert wait in run["error_message"]
    assert run["completed_at"] is not None
    assert [log["status"] for log in logs_of(run["id"])] == ["failed"]


def test_an_error_side_handles_a_failure(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, make_lead: MakeLead, engine: Engine
) -> None:
    workflow_id = make_workflow()
    wait = add_action(workflow_id, "wait", {"until": "lead.custom.renewal_at"})
    error = {"parent_action_id": wait, "condition": {"branch": "error"}}
    add_action(workflow_id, "update_lead", {"add_tags": ["no-date"]}, **error)
    add_action(workflow_id, "update_lead", {"add_tags": ["after"]}, order=1)
    activate(workflow_id)
    lead_id = make_lead()
    engine.run()
    assert only_run(workflow_id)["status"] == "completed"
    assert call("leads/get_lead", path={"lead_id": lead_id}).json["tags"] == ["no-date", "after"]
