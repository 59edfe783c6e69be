from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leadflow.core import removal, table
from leadflow.workflows import store
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.harness import call

Activate = Callable[[str], Any]
MakeLead = Callable[..., str]


def delete(workflow_id: str, **headers: str) -> Any:
    return call("workflows/delete_workflow", path={"workflow_id": workflow_id}, headers=headers)


def waiting(make_workflow: MakeWorkflow, add_action: AddAction) -> str:
    workflow_id = make_workflow()
    add_action(workflow_id, "wait", {"days": 3})
    return workflow_id


def test_a_draft_goes_with_all_that_is_below_it(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    workflow_id = waiting(make_workflow, add_action)
    assert delete(workflow_id).status == 204
    assert list(removal.keys_under(f"WF#{workflow_id}")) == []
    assert delete(workflow_id).status == 404
    assert call("workflows/get_workflow", path={"workflow_id": workflow_id}).status == 404
    assert call("workflows/list_workflows").json["items"] == []


def test_an_active_workflow_or_one_with_runs_stays_and_says_what_to_do(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, make_lead: MakeLead, engine: Engine
) -> None:
    workflow_id = waiting(make_workflow, add_action)
    activate(workflow_id)
    make_lead()
    engine.deliver()
    refused = delete(workflow_id)
    assert refused.status == 409
    assert "pause or archive it first" in refused.json["detail"]
    assert call("workflows/archive_workflow", path={"workflow_id": workflow_id}).status == 200
    [run] = call("executions/list_executions", path={"workflow_id": workflow_id}).json["items"]
    refused = delete(workflow_id)
    assert refused.status == 409
    assert refused.json["other_id"] == run["id"]
    assert "cancel" in refused.json["detail"]
    assert call("executions/cancel_execution", path={"execution_id": run["id"]}).status == 200
    assert delete(workflow_id).status == 204
    kept = call("executions/get_execution", path={"execution_id": run["id"]})
    assert (kept.status, kept.json["status"]) == (200, "cancelled")


def test_a_stale_if_match_deletes_nothing(make_workflow: MakeWorkflow) -> None:
    workflow_id = make_workflow()
    etag = call("workflows/get_workflow", path={"workflow_id": workflow_id}).etag
    changed = call("workflows/update_workflow", {"name": "New"}, path={"workflow_id": workflow_id})
    assert delete(workflow_id, **{"If-Match": etag}).status == 412
    assert delete(workflow_id, **{"If-Match": changed.etag}).status == 204


def test_a_deletion_that_was_interrupted_is_finished_by_the_next(
    make_workflow: MakeWorkflow, add_action: AddAction
) -> None:
    workflow_id = waiting(make_workflow, add_action)
    workflow = store.load(workflow_id)
    workflow.status = "archived"
    table.save(workflow)
    removal.remove([(f"WF#{workflow_id}", store.triggers_of(workflow_id)[0].sk)])
    assert delete(workflow_id).status == 204
    assert list(removal.keys_under(f"WF#{workflow_id}")) == []


def test_a_run_that_begins_while_its_workflow_goes_ends_and_says_so(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, make_lead: MakeLead, engine: Engine
) -> None:
    workflow_id = waiting(make_workflow, add_action)
    activate(workflow_id)
    make_lead()
    engine.deliver()
    [run] = call("executions/list_executions", path={"workflow_id": workflow_id}).json["items"]
    removal.remove(list(removal.keys_under(f"WF#{workflow_id}")))
    engine.run()
    ended = call("executions/get_execution", path={"execution_id": run["id"]}).json
    assert (ended["status"], ended["error_message"]) == ("failed", "The workflow was deleted.")
