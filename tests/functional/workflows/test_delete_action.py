from __future__ import annotations

from typing import Any

from leadflow.workflows import store
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.harness import call


def delete(workflow_id: str, action_id: str, query: dict[str, str] | None = None, **headers: str) -> Any:
    path = {"workflow_id": workflow_id, "action_id": action_id}
    return call("workflows/delete_action", path=path, query=query, headers=headers)


def names(workflow_id: str) -> set[str]:
    return {item.id for item in store.actions_of(workflow_id)}


def test_an_action_with_others_below_it_goes_only_with_them(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    workflow_id = make_workflow()
    top = add_action(workflow_id, "wait", {"hours": 1})
    child = add_action(workflow_id, "wait", {"hours": 1}, parent_action_id=top)
    add_action(workflow_id, "wait", {"hours": 1}, parent_action_id=child)
    stays = add_action(workflow_id, "wait", {"hours": 1}, order=1)
    refused = delete(workflow_id, top)
    assert (refused.status, refused.json["other_id"]) == (409, child)
    assert child in refused.json["detail"]
    assert delete(workflow_id, top, {"cascade": "false"}).status == 409
    assert delete(workflow_id, top, {"cascade": "maybe"}).status == 422
    assert delete(workflow_id, top, {"cascade": "true"}).status == 204
    assert names(workflow_id) == {stays}
    assert delete(workflow_id, stays, **{"If-Match": '"2"'}).status == 412
    assert delete(workflow_id, stays, **{"If-Match": '"1"'}).status == 204
    assert delete(workflow_id, stays).status == 404
    assert delete("NONE", stays).status == 404


def test_a_subtree_larger_than_a_transaction_goes_whole(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    workflow_id = make_workflow()
    top = add_action(workflow_id, "wait", {"hours": 1})
    for number in range(1, 100):
        item = store.WorkflowAction(pk=f"WF#{workflow_id}", sk=f"ACT#A{number}", id=f"A{number}")
        item.workflow_id, item.action_type, item.action_config = workflow_id, "wait", {"hours": 1}
        item.parent_action_id = top
        item.save()
    assert delete(workflow_id, top, {"cascade": "true"}).status == 204
    assert names(workflow_id) == set()


def test_a_child_that_is_added_meanwhile_is_in_the_way(
    make_workflow: MakeWorkflow, add_action: AddAction, meanwhile: Any
) -> None:
    workflow_id = make_workflow()
    top = add_action(workflow_id, "wait", {"hours": 1})
    with meanwhile(lambda: add_action(workflow_id, "wait", {"hours": 1}, parent_action_id=top)):
        assert delete(workflow_id, top).status == 409
    assert len(names(workflow_id)) == 2
