"""The action `create_task`: one task per visit, with words that are filled in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.activities.plans import faults, patched_task, tasks
from tests.functional.leads.people import added
from tests.functional.wire import Killed, interrupted, refused, stored
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.functional.workflows.test_dispatch_changes import Activate, runs_of
from tests.harness import call


def logs_of(execution_id: str) -> list[dict[str, Any]]:
    logs: list[dict[str, Any]] = call("executions/list_logs", path={"execution_id": execution_id}).json["items"]
    return logs


def test_a_task_about_the_lead_with_its_words_filled_in(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, engine: Engine
) -> None:
    workflow_id = make_workflow(trigger="lead_created")
    config = {
        "title": "Call {{ lead.name }} of {{ lead.company | default: 'nowhere' }}",
        "description": "Came by {{ trigger.source }}",
        "due_in_hours": 36,
        "assigned_to": "{{ lead.custom.owner }}",
    }
    first = add_action(workflow_id, "create_task", config)
    after = {"title": "Look at task {{ actions." + first + ".output.task_id }}", "due_in_hours": 0}
    add_action(workflow_id, "create_task", after, order=1)
    activate(workflow_id)
    engine.clock.advance(seconds=1)
    lead_id = added(custom={"owner": "sam@example.com"})["id"]
    engine.run()

    [run] = runs_of(workflow_id)
    assert run["status"] == "completed"
    made = {task["title"]: task for task in tasks(lead_id=lead_id)["items"]}
    task = made["Call Ada of nowhere"]
    assert made.keys() == {"Call Ada of nowhere", f"Look at task {task['id']}"}
    assert task == {
        "id": task["id"],
        "lead_id": lead_id,
        "title": "Call Ada of nowhere",
        "description": "Came by api",
        "due_at": "2026-03-03T21:00:01.000Z",
        "status": "open",
        "assigned_to": "sam@example.com",
        "created_by_execution": run["id"],
        "created_at": "2026-03-02T09:00:01.000Z",
        "updated_at": "2026-03-02T09:00:01.000Z",
    }
    assert logs_of(run["id"])[0]["output_data"] == {"task_id": task["id"]}
    timeline = call("leads/get_timeline", path={"lead_id": lead_id}, query={"kind": "task"}).json["items"]
    assert {item["id"] for item in timeline} == {task["id"] for task in made.values()}


def test_a_task_is_dated_when_it_is_made_however_long_the_run_has_waited(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, engine: Engine
) -> None:
    workflow_id = make_workflow(trigger="lead_created")
    add_action(workflow_id, "wait", {"days": 3})
    add_action(workflow_id, "create_task", {"title": "Call", "due_in_hours": 1}, order=1)
    activate(workflow_id)
    engine.clock.advance(seconds=1)
    added()
    engine.run()

    [task] = tasks()["items"]
    assert (task["created_at"], task["due_at"]) == ("2026-03-05T09:00:01.000Z", "2026-03-05T10:00:01.000Z")


def test_a_run_about_nobody_makes_a_task_about_nobody(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, engine: Engine
) -> None:
    workflow_id = make_workflow(trigger=None)
    add_action(workflow_id, "create_task", {"title": "Count {{ trigger.what }}{{ lead.name }}"})
    activate(workflow_id)
    call("workflows/run_workflow", {"data": {"what": "looms"}}, path={"workflow_id": workflow_id})
    engine.run()

    [task] = tasks()["items"]
    assert (task["title"], task["lead_id"]) == ("Count looms", None)


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({}, "action_config.title"),
        ({"title": " "}, "action_config.title"),
        ({"title": "x" * 201}, "action_config.title"),
        ({"title": "{{ lead.name"}, "action_config.title"),
        ({"title": "Call", "description": "x" * 5001}, "action_config.description"),
        ({"title": "Call", "assigned_to": "x" * 101}, "action_config.assigned_to"),
        ({"title": "Call", "due_in_hours": -1}, "action_config.due_in_hours"),
        ({"title": "Call", "due_in_hours": 1.5}, "action_config.due_in_hours"),
        ({"title": "Call", "due_in_hours": 8761}, "action_config.due_in_hours"),
        ({"title": "Call", "lead_id": "X"}, "action_config.lead_id"),
    ],
)
def test_what_is_wrong_is_named_when_it_is_written(
    make_workflow: MakeWorkflow, config: dict[str, Any], field: str
) -> None:
    body = {"action_type": "create_task", "action_config": config}

    assert faults(call("workflows/add_action", body, path={"workflow_id": make_workflow()})) == {field}


def test_words_that_come_out_too_long_fail_the_action_and_say_which_but_not_what(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, engine: Engine
) -> None:
    workflow_id = make_workflow(trigger="lead_created")
    add_action(workflow_id, "create_task", {"title": "{{ lead.notes }}"})
    activate(workflow_id)
    engine.clock.advance(seconds=1)
    added(notes="marmalade " * 30)
    engine.run()

    [run] = runs_of(workflow_id)
    assert run["status"] == "failed"
    assert "InvalidInput: action_config.title" in run["error_message"]
    assert "marmalade" not in run["error_message"]
    assert stored("Task") == []


def test_a_lead_that_is_gone_gets_no_task(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, engine: Engine
) -> None:
    """Erased at the very moment the task is written: the run goes on, nothing is left."""
    workflow_id = make_workflow(trigger="lead_created")
    add_action(workflow_id, "create_task", {"title": "Call {{ lead.name }}"})
    activate(workflow_id)
    engine.clock.advance(seconds=1)
    lead_id = added()["id"]
    engine.deliver()
    [start] = engine.starts()

    with interrupted(lambda: call("leads/erase_lead", path={"lead_id": lead_id})):
        assert engine.segment(start) == "done"

    assert stored("Task") == []
    [log] = logs_of(start["execution_id"])
    assert (log["status"], log["reason"]) == ("skipped", "lead_gone")


def test_others_in_the_way_for_long_are_tried_again_later_and_make_one_task(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, engine: Engine
) -> None:
    workflow_id = make_workflow(trigger="lead_created")
    add_action(workflow_id, "create_task", {"title": "Call"})
    activate(workflow_id)
    engine.clock.advance(seconds=1)
    added()
    engine.deliver()
    [start] = engine.starts()
    with refused(["TransactionConflict", "None"], times=24):
        assert engine.segment(start) == "wait"
    engine.run()

    [run] = runs_of(workflow_id)
    assert run["status"] == "completed"
    assert [log["status"] for log in logs_of(run["id"])] == ["failed", "completed"]
    assert len(tasks()["items"]) == 1


def test_a_task_that_somebody_has_done_meanwhile_is_not_made_again(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, engine: Engine
) -> None:
    """The segment has died after writing the task; somebody does the task; the next segment finds it, and
    does not mind that its words would be too long by now."""
    workflow_id = make_workflow(trigger="lead_created")
    add_action(workflow_id, "create_task", {"title": "Call {{ lead.name }}", "assigned_to": "{{ lead.notes }}"})
    activate(workflow_id)
    engine.clock.advance(seconds=1)
    lead_id = added()["id"]
    engine.deliver()
    [start] = engine.starts()

    def die() -> None:
        if stored("Task"):
            raise Killed

    with pytest.raises(Killed), interrupted(die, times=2):
        engine.segment(start)
    [task] = tasks()["items"]
    patched_task(task["id"], status="done", title="Called")
    call("leads/update_lead", {"notes": "marmalade " * 30}, path={"lead_id": lead_id})
    engine.clock.advance(minutes=10)

    assert engine.segment(start) == "done"

    [task] = tasks()["items"]
    assert (task["title"], task["status"]) == ("Called", "done")
