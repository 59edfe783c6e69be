from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from leadflow.core import aws, due
from leadflow.core.settings import settings
from leadflow.workflows.service import starting
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.functional.workflows.timers import reconciled
from tests.harness import Clock, call


def test_a_manual_run_does_what_a_triggered_one_does(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Callable[[str], Any],
    make_lead: Callable[..., str],
    engine: Engine,
) -> None:
    workflow_id = make_workflow(trigger=None)
    add_action(workflow_id, "update_lead", {"set": {"notes": "By {{ trigger.who }}"}})
    activate(workflow_id)
    lead_id = make_lead()
    body = {"lead_id": lead_id, "data": {"who": "hand"}}
    answer = call("workflows/run_workflow", body, path={"workflow_id": workflow_id})
    assert answer.status == 202
    assert (answer.json["status"], answer.json["trigger_type"]) == ("running", "manual")
    engine.run()
    execution = call("executions/get_execution", path={"execution_id": answer.json["id"]}).json
    assert execution["status"] == "completed"
    assert call("leads/get_lead", path={"lead_id": lead_id}).json["notes"] == "By hand"


def test_a_run_needs_a_published_workflow_and_a_lead_that_exists(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Callable[[str], Any]
) -> None:
    workflow_id = make_workflow()
    add_action(workflow_id, "wait", {"hours": 1})
    path = {"workflow_id": workflow_id}
    assert call("workflows/run_workflow", {}, path=path).status == 409
    activate(workflow_id)
    answer = call("workflows/run_workflow", {"lead_id": "NONE"}, path=path)
    assert answer.status == 422
    assert answer.json["errors"][0]["field"] == "lead_id"


def test_an_action_about_a_lead_fails_in_a_run_without_one(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Callable[[str], Any], engine: Engine
) -> None:
    workflow_id = make_workflow(trigger=None)
    add_action(workflow_id, "update_lead", {"add_tags": ["x"]})
    activate(workflow_id)
    execution_id = call("workflows/run_workflow", {}, path={"workflow_id": workflow_id}).json["id"]
    engine.run()
    execution = call("executions/get_execution", path={"execution_id": execution_id}).json
    assert execution["status"] == "failed"
    assert "not about a lead" in execution["error_message"]


def test_runs_are_queued_before_the_next_are_taken_up(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Callable[[str], Any],
    engine: Engine,
    clock: Clock,
) -> None:
    """A reconcile that is ended in the middle has brought some runs further, however many there are."""
    workflow_id = make_workflow(trigger=None)
    add_action(workflow_id, "wait", {"hours": 1})
    activate(workflow_id)
    for _ in range(24):
        call("workflows/run_workflow", {}, path={"workflow_id": workflow_id})
    assert len(engine.starts()) == 24
    clock.moment += starting.START_PATIENCE * 2
    last_shard = {"gsi3pk": f"DUE#execution#{due.SHARDS - 1}", "gsi3sk": "2026#X", "type": "WorkflowExecution"}
    broken = {"pk": "WX#X", "sk": "#META", **last_shard, "run": "not a number"}
    aws.client("dynamodb").put_item(
        TableName=settings().table_name, Item={name: {"S": value} for name, value in broken.items()}
    )
    with pytest.raises(ExceptionGroup):
        reconciled()
    assert len(engine.starts()) in (10, 20)
