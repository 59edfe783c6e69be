from __future__ import annotations

from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.harness import call

GATE = {"if": {"field": "lead.source", "op": "eq", "value": "website"}}


def test_a_workflow_comes_with_its_triggers_and_its_actions_in_order(
    make_workflow: MakeWorkflow, add_action: AddAction
) -> None:
    workflow_id = make_workflow()
    last = add_action(workflow_id, "wait", {"hours": 1}, order=9)
    root = add_action(workflow_id, "condition", GATE)
    child = add_action(
        workflow_id, "update_lead", {"add_tags": ["warm"]}, parent_action_id=root, condition={"branch": "yes"}
    )
    record = call("workflows/get_workflow", path={"workflow_id": workflow_id}).json
    assert [trigger["trigger_type"] for trigger in record["triggers"]] == ["lead_created"]
    assert [action["id"] for action in record["actions"]] == [root, child, last]


def test_a_workflow_that_is_not_there_is_404() -> None:
    answer = call("workflows/get_workflow", path={"workflow_id": "NONE"})
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
