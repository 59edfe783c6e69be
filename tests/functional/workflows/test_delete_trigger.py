from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leadflow.workflows import store
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.harness import call


def test_a_deleted_trigger_stays_in_force_until_the_next_activation(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Callable[[str], Any]
) -> None:
    workflow_id = make_workflow()
    add_action(workflow_id, "wait", {"hours": 1})
    activate(workflow_id)
    [trigger] = store.triggers_of(workflow_id)
    path = {"workflow_id": workflow_id, "trigger_id": trigger.id}
    assert call("workflows/delete_trigger", path=path, headers={"If-Match": '"7"'}).status == 412
    assert call("workflows/delete_trigger", path=path, headers={"If-Match": '"1"'}).status == 204
    assert call("workflows/list_triggers", path={"workflow_id": workflow_id}).json["items"] == []
    assert len(store.active_triggers("lead_created")) == 1
    activate(workflow_id)
    assert store.active_triggers("lead_created") == []
    assert call("workflows/delete_trigger", path=path).status == 404
    assert call("workflows/delete_trigger", path={**path, "workflow_id": "NONE"}).status == 404
