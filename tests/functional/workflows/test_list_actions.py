from __future__ import annotations

from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.harness import call


def test_actions_are_listed_each_after_its_parent(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    workflow_id = make_workflow()
    second = add_action(workflow_id, "wait", {"hours": 1}, order=2)
    first = add_action(workflow_id, "wait", {"hours": 1}, order=1)
    child = add_action(workflow_id, "wait", {"hours": 1}, parent_action_id=first)
    page = call("workflows/list_actions", path={"workflow_id": workflow_id}).json
    assert [action["id"] for action in page["items"]] == [first, child, second]


def test_actions_come_in_pages(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    path = {"workflow_id": make_workflow()}
    made = [add_action(path["workflow_id"], "wait", {"hours": 1}, order=order) for order in range(3)]
    first = call("workflows/list_actions", path=path, query={"limit": "2"}).json
    second = call("workflows/list_actions", path=path, query={"limit": "2", "cursor": first["next_cursor"]}).json
    assert [action["id"] for page in (first, second) for action in page["items"]] == made
    assert second["next_cursor"] is None
