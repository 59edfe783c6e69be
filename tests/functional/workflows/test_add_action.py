from __future__ import annotations

from typing import Any

import pytest

from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.harness import call

YES = {"branch": "yes"}
IF = {"if": {"field": "lead.score", "op": "gte", "value": 5}}


@pytest.mark.parametrize(
    ("action_type", "config", "field"),
    [
        ("send_email", {}, "action_config.template_id"),
        ("send_email", {"template_id": "T", "subject": "x"}, "action_config.subject"),
        ("wait", {}, "action_config"),
        ("wait", {"hours": 1, "until": "2026-01-01T00:00:00Z"}, "action_config"),
        ("wait", {"days": 366}, "action_config"),
        ("wait", {"hours": -1}, "action_config.hours"),
        ("wait", {"until": "tomorrow"}, "action_config.until"),
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
    from leadflow.core import table
    from leadflow.workflows import store

    workflow_id = make_workflow()
    workflow = store.load(workflow_id)
    workflow.status = "archived"
    table.save(workflow)
    body = {"action_type": "wait", "action_config": {"hours": 1}}
    assert call("workflows/add_action", body, path={"workflow_id": workflow_id}).status == 409
