from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.harness import call


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
