from __future__ import annotations

from typing import Any

from leadflow.core import ids, removal
from leadflow.core.clock import now
from leadflow.workflows import store
from leadflow.workflows.service import cloning
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.harness import call


def clone(workflow_id: str, body: Any = None, **headers: str) -> Any:
    return call("workflows/clone_workflow", body, path={"workflow_id": workflow_id}, headers=headers)


def test_a_copy_has_everything_under_new_ids(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    workflow_id = make_workflow("Welcome", "score_threshold", gte=50)
    first = add_action(workflow_id, "condition", {"if": {"field": "lead.score", "op": "gte", "value": 5}})
    refers = {"field": f"actions.{first}.output.branch", "op": "eq", "value": "yes"}
    child = add_action(
        workflow_id,
        "update_lead",
        {
            "set": {
                "notes": f"{{{{ actions.{first}.output.branch }}}}, {{{{ actions['{first}'].output.branch }}}}, {first}"
            }
        },
        parent_action_id=first,
        condition={"branch": "yes", "if": refers},
    )
    answer = clone(workflow_id)
    assert answer.status == 201, answer.text
    copy = answer.json
    assert answer.headers["location"] == f"/workflows/{copy['id']}"
    assert (copy["name"], copy["status"], copy["version"], copy["is_template"]) == (
        "Copy of Welcome",
        "draft",
        0,
        False,
    )
    assert [(one["trigger_type"], one["trigger_config"]) for one in copy["triggers"]] == [
        ("score_threshold", {"gte": 50})
    ]
    top, below = copy["actions"]
    assert not {copy["id"], top["id"], below["id"], copy["triggers"][0]["id"]} & {workflow_id, first, child}
    assert below["parent_action_id"] == top["id"]
    assert below["condition"]["if"]["field"] == f"actions.{top['id']}.output.branch"
    rewritten = f"{{{{ actions.{top['id']}.output.branch }}}}, {{{{ actions['{top['id']}'].output.branch }}}}, {first}"
    assert below["action_config"]["set"]["notes"] == rewritten
    assert call("workflows/get_workflow", path={"workflow_id": copy["id"]}).json == copy


def test_siblings_of_one_order_keep_theirs(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    workflow_id = make_workflow()
    for hours in range(1, 9):
        add_action(workflow_id, "wait", {"hours": hours})
    source = call("workflows/get_workflow", path={"workflow_id": workflow_id}).json
    copy = clone(workflow_id, **{"Idempotency-Key": "K"}).json
    assert [one["action_config"] for one in copy["actions"]] == [one["action_config"] for one in source["actions"]]


def test_a_template_is_used_by_cloning_it_under_a_name(make_workflow: MakeWorkflow) -> None:
    workflow_id = make_workflow("x" * 200)
    call(
        "workflows/update_workflow", {"is_template": True, "template_category": "a"}, path={"workflow_id": workflow_id}
    )
    assert clone(workflow_id, {"name": "Mine"}).json["name"] == "Mine"
    copy = clone(workflow_id).json
    assert copy["name"] == ("Copy of " + "x" * 200)[:200]
    assert (copy["is_template"], copy["template_category"]) == (False, None)
    assert clone(workflow_id, {"name": ""}).status == 422
    assert clone("NONE").status == 404


def test_an_archived_workflow_goes_on_as_its_copy(make_workflow: MakeWorkflow) -> None:
    workflow_id = make_workflow()
    call("workflows/archive_workflow", path={"workflow_id": workflow_id})
    assert clone(workflow_id).json["status"] == "draft"


def test_once_under_one_key(make_workflow: MakeWorkflow) -> None:
    workflow_id = make_workflow()
    first, again = (clone(workflow_id, **{"Idempotency-Key": "K"}) for _ in range(2))
    assert first.json == again.json
    assert len(call("workflows/list_workflows").json["items"]) == 2


def test_a_try_that_died_half_way_leaves_nothing_of_its_own(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    workflow_id = make_workflow()
    add_action(workflow_id, "wait", {"hours": 1})
    with ids.repeatable(now(), "clone", "K"):
        copy_id = ids.new_id()
    left = store.WorkflowAction(pk=f"WF#{copy_id}", sk="ACT#LEFT", id="LEFT", workflow_id=copy_id, action_type="wait")
    left.save()
    with ids.repeatable(now(), "clone", "K"):
        copy = cloning.clone(workflow_id, None, None)
    assert copy["id"] == copy_id
    assert "LEFT" not in [action["id"] for action in copy["actions"]]
    assert len(list(removal.keys_under(f"WF#{copy_id}"))) == 3


def test_a_copy_is_of_one_moment(make_workflow: MakeWorkflow, add_action: AddAction, meanwhile: Any) -> None:
    workflow_id = make_workflow(trigger=None)

    def edit() -> None:
        call("workflows/add_trigger", {"trigger_type": "lead_created"}, path={"workflow_id": workflow_id})
        add_action(workflow_id, "wait", {"hours": 1})

    with meanwhile(edit, on_query=True):
        copy = clone(workflow_id).json
    assert (len(copy["triggers"]), len(copy["actions"])) == (1, 1)
