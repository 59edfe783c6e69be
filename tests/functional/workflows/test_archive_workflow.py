from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leadflow.workflows import store
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.harness import call


def test_an_archived_workflow_starts_nothing_is_not_edited_and_ends_what_runs(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Callable[[str], Any],
    make_lead: Callable[..., str],
    engine: Engine,
) -> None:
    workflow_id = make_workflow()
    path = {"workflow_id": workflow_id}
    wait = add_action(workflow_id, "wait", {"hours": 1})
    add_action(workflow_id, "update_lead", {"add_tags": ["greeted"]}, order=1)
    activate(workflow_id)
    first = make_lead()
    engine.deliver()
    answer = call("workflows/archive_workflow", path=path)
    assert (answer.status, answer.json["status"]) == (200, "archived")
    assert store.active_triggers("lead_created") == []
    second = make_lead(email="grace@example.com")
    engine.run()
    assert call("leads/get_lead", path={"lead_id": first}).json["tags"] == ["greeted"]
    assert call("leads/get_lead", path={"lead_id": second}).json["tags"] == []
    trigger = store.triggers_of(workflow_id)[0].id
    body = {"action_type": "wait", "action_config": {"hours": 1}}
    for refused in (
        call("workflows/update_workflow", {"name": "A"}, path=path),
        call("workflows/add_trigger", {"trigger_type": "lead_created"}, path=path),
        call("workflows/update_trigger", {"is_active": False}, path={**path, "trigger_id": trigger}),
        call("workflows/delete_trigger", path={**path, "trigger_id": trigger}),
        call("workflows/add_action", body, path=path),
        call("workflows/update_action", {"order": 5}, path={**path, "action_id": wait}),
        call("workflows/delete_action", path={**path, "action_id": wait}),
        call("workflows/activate_workflow", path=path),
        call("workflows/pause_workflow", path=path),
        call("workflows/archive_workflow", path=path),
        call("workflows/run_workflow", {"lead_id": second}, path=path),
    ):
        assert refused.status == 409, refused.text


def test_a_draft_is_archived_too_and_no_workflow_is_not(make_workflow: MakeWorkflow) -> None:
    assert call("workflows/archive_workflow", path={"workflow_id": make_workflow()}).json["status"] == "archived"
    assert call("workflows/archive_workflow", path={"workflow_id": "NONE"}).status == 404
