from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.harness import call


def test_a_paused_workflow_starts_nothing_and_ends_what_runs(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Callable[[str], Any],
    make_lead: Callable[..., str],
    engine: Engine,
) -> None:
    workflow_id = make_workflow()
    add_action(workflow_id, "update_lead", {"add_tags": ["greeted"]})
    activate(workflow_id)
    first = make_lead()
    engine.deliver()
    assert call("workflows/pause_workflow", path={"workflow_id": workflow_id}).json["status"] == "paused"
    second = make_lead(email="grace@example.com")
    engine.run()
    assert call("leads/get_lead", path={"lead_id": first}).json["tags"] == ["greeted"]
    assert call("leads/get_lead", path={"lead_id": second}).json["tags"] == []
    activate(workflow_id)
    third = make_lead(email="edsger@example.com")
    engine.run()
    assert call("leads/get_lead", path={"lead_id": third}).json["tags"] == ["greeted"]


def test_only_an_active_workflow_is_paused(make_workflow: MakeWorkflow) -> None:
    assert call("workflows/pause_workflow", path={"workflow_id": make_workflow()}).status == 409
