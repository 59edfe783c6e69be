from __future__ import annotations

from typing import Any

import pytest

from leadflow.core import table
from leadflow.workflows import store
from tests.functional.wire import watched
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.harness import call

YES = {"branch": "yes"}
IF = {"if": {"field": "lead.score", "op": "gte", "value": 5}}


@pytest.mark.parametrize(
    ("action_type", "config", "field"),
    [
        ("send_email", {}, "action_config.template_id"),
        ("send_email", {"template_id": "T", "subject": "x"}, "action_config.subject"),
        ("send_email", {"template_id": "T", "from": "Sales"}, "action_config.from"),
        ("send_email", {"template_id": "T", "from": "Ana <ana@>"}, "action_config.from"),
        ("send_email", {"template_id": "T", "from": "{{ lead.name"}, "action_config.from"),
        ("wait", {}, "action_config"),
        ("wait", {"hours": 1, "until": "2026-01-01T00:00:00Z"}, "action_config"),
        ("wait", {"days": 366}, "action_config"),
        ("wait", {"hours": -1}, "action_config.hours"),
        ("wait", {"until": "tomorrow"}, "action_config.until"),
        ("wait", {"until": "9999-12-31T23:59:59Z"}, "action_config.until"),
        ("wait", {"until": "0001-01-01T00:00:00+23:59"}, "action_config.until"),
        ("wait", {"until": "lead.renewal_at"}, "action_config.until"),
        ("wait", {"until": "lead.name"}, "action_config.until"),
        ("wait", {"until": "lead.custom"}, "action_config.until"),
        ("wait", {"for_event": "lead_status_changed", "event_config": {"to": "won"}}, "action_config"),
        ("wait", {"minutes": 0, "window": {"from": "09:00", "to": "24:30"}}, "action_config.window.to"),
        ("wait", {"minutes": 0, "window": {"from": "1:00", "to": "24:00"}}, "action_config.window.from"),
        (
            "wait",
            {"minutes": 0, "window": {"from": "09:00", "to": "24:00", "timezone": "Mars"}},
            "action_config.window.timezone",
        ),
        ("condition", {}, "action_config.if"),
        ("condition", {"if": {"field": "lead.score", "op": "like", "value": 5}}, "action_config.if.op"),
        ("update_lead", {}, "action_config"),
        ("update_lead", {"set": {"score": 5}}, "action_config.set.score"),
        ("update_lead", {"set": {"status": "bogus"}}, "action_config.set.status"),
        ("call_webhook", {"url": "ftp://x"}, "action_config.url"),
        ("wait", {"hours": 1, "retry": {"max_attempts": 0}}, "action_config.retry.max_attempts"),
        ("update_lead", {"set": {"notes": "Hi {{ lead.name"}}, "action_config.set.notes"),
        ("explode", {}, "action_type"),
    ],
)
def test_what_an_action_does_not_take_is_named(
    make_workflow: MakeWorkflow, action_type: str, config: dict[str, Any], field: str
) -> None:
    body = {"action_type": action_type, "action_config": config}
    answer = call("workflows/add_action", body, path={"workflow_id": make_workflow()})
    assert answer.status == 422, answer.text
    assert answer.json["errors"][0]["field"] == field


def test_an_action_stands_where_its_parent_and_branch_allow(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    workflow_id = make_workflow()
    other = add_action(make_workflow(), "wait", {"hours": 1})
    condition = add_action(workflow_id, "condition", IF)
    wait = add_action(workflow_id, "wait", {"hours": 1})
    for place, field in [
        ({"parent_action_id": other}, "parent_action_id"),
        ({"parent_action_id": condition}, "condition"),
        ({"parent_action_id": wait, "condition": YES}, "condition.branch"),
        ({"condition": YES}, "condition.branch"),
        ({"condition": {"field": "lead.bogus", "op": "eq", "value": 1}}, "condition.field"),
        ({"parent_action_id": condition, "condition": {**YES, "if": {"field": "lead.x"}}}, "condition.if.field"),
        ({"order": -1}, "order"),
    ]:
        body = {"action_type": "wait", "action_config": {"hours": 1}, **place}
        answer = call("workflows/add_action", body, path={"workflow_id": workflow_id})
        assert answer.status == 422, (place, answer.text)
        assert answer.json["errors"][0]["field"] == field
    add_action(workflow_id, "wait", {"hours": 1}, parent_action_id=condition, condition=YES)
    add_action(workflow_id, "wait", {"hours": 1}, parent_action_id=wait, condition={"branch": "error"})


def test_a_placeholder_in_a_lead_field_is_checked_when_it_is_rendered(
    make_workflow: MakeWorkflow, add_action: AddAction
) -> None:
    add_action(make_workflow(), "update_lead", {"set": {"notes": "Came by {{ trigger.source }}"}})


def test_an_action_may_not_be_added_to_an_archived_workflow(make_workflow: MakeWorkflow) -> None:
    workflow_id = make_workflow()
    workflow = store.load(workflow_id)
    workflow.status = "archived"
    table.save(workflow)
    body = {"action_type": "wait", "action_config": {"hours": 1}}
    assert call("workflows/add_action", body, path={"workflow_id": workflow_id}).status == 409


def test_the_three_thousandth_action_costs_what_the_first_does(make_workflow: MakeWorkflow) -> None:
    workflow_id = make_workflow()
    path = {"workflow_id": workflow_id}
    parents: list[str] = []
    for count in (0, 2_998):
        workflow = store.load(workflow_id)
        workflow.action_count = count
        table.save(workflow)
        place = {"parent_action_id": parents[0], "order": 1} if parents else {}
        with watched() as seen:
            answer = call(
                "workflows/add_action", {"action_type": "wait", "action_config": {"hours": 1}, **place}, path=path
            )
        assert answer.status == 201, answer.text
        assert seen == ["GetItem", *(["BatchGetItem"] if parents else []), "TransactWriteItems"]
        parents.append(answer.json["id"])
    body = {"action_type": "wait", "action_config": {"hours": 1}}
    assert call("workflows/add_action", body, path=path).status == 201
    refused = call("workflows/add_action", body, path=path)
    assert (refused.status, refused.json["errors"][0]["field"]) == (422, "action_type")
    assert call("workflows/delete_action", path={**path, "action_id": parents[1]}).status == 204
    assert call("workflows/add_action", body, path=path).status == 201


def test_the_count_of_actions_is_what_there_is(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    workflow_id = make_workflow()
    top = add_action(workflow_id, "wait", {"hours": 1})
    for order in range(3):
        add_action(workflow_id, "wait", {"hours": 1}, order=order, parent_action_id=top)
    add_action(workflow_id, "wait", {"hours": 1}, order=1)
    copy = call("workflows/clone_workflow", {}, path={"workflow_id": workflow_id}).json["id"]
    assert [int(store.load(one).action_count) for one in (workflow_id, copy)] == [5, 5]
    gone = call(
        "workflows/delete_action", path={"workflow_id": workflow_id, "action_id": top}, query={"cascade": "true"}
    )
    assert gone.status == 204
    assert int(store.load(workflow_id).action_count) == len(store.actions_of(workflow_id)) == 1
