from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from leadflow.core import table
from leadflow.workflows import store
from leadflow.workflows.service import publishing
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.harness import call

Activate = Callable[[str], Any]


def test_activation_freezes_a_version_and_puts_its_triggers_in_force(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate
) -> None:
    workflow_id = make_workflow()
    add_action(workflow_id, "wait", {"hours": 1})
    record = activate(workflow_id)
    assert (record["status"], record["version"]) == ("active", 1)
    [trigger] = store.active_triggers("lead_created")
    assert (trigger.workflow_id, int(trigger.version)) == (workflow_id, 1)
    assert store.trigger_revision() == 1


def test_a_published_version_never_changes(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate
) -> None:
    workflow_id = make_workflow()
    add_action(workflow_id, "wait", {"hours": 1})
    activate(workflow_id)
    add_action(workflow_id, "wait", {"hours": 2}, order=1)
    assert len(publishing.definition(workflow_id, 1).actions) == 1
    assert activate(workflow_id)["version"] == 2
    assert len(publishing.definition(workflow_id, 1).actions) == 1
    assert len(publishing.definition(workflow_id, 2).actions) == 2
    assert [int(trigger.version) for trigger in store.active_triggers("lead_created")] == [2]


def test_a_version_larger_than_an_item_is_kept_in_parts(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate
) -> None:
    workflow_id = make_workflow()
    for number in range(40):
        add_action(workflow_id, "update_lead", {"set": {"custom": {"filler": f"{number:03d}" + "x" * 12_000}}})
    activate(workflow_id)
    assert len(table.query_items(store.VersionPart, f"WF#{workflow_id}", prefix="V#")) == 2
    assert len(publishing.definition(workflow_id, 1).actions) == 40


def test_everything_that_cannot_work_is_named(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    workflow_id = make_workflow()
    mail = add_action(workflow_id, "send_email", {"template_id": "NONE"})
    message = add_action(workflow_id, "send_message", {"channel": "sms", "content": "Hi"}, order=1)
    answer = call("workflows/activate_workflow", path={"workflow_id": workflow_id})
    assert answer.status == 422
    fields = " ".join(error["field"] for error in answer.json["errors"])
    messages = " ".join(error["message"] for error in answer.json["errors"])
    assert f"actions.{mail}.action_config.template_id" in fields
    assert f"actions.{message}.action_config.channel" in fields
    assert "no active email channel" in messages
    assert "no active channel for sms" in messages
    assert call("workflows/get_workflow", path={"workflow_id": workflow_id}).json["status"] == "draft"


def test_a_workflow_without_actions_is_not_activated(make_workflow: MakeWorkflow) -> None:
    answer = call("workflows/activate_workflow", path={"workflow_id": make_workflow()})
    assert answer.status == 422
    assert answer.json["errors"][0]["field"] == "actions"


def test_an_inactive_trigger_is_not_in_force(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate
) -> None:
    workflow_id = make_workflow(trigger=None)
    body = {"trigger_type": "lead_created", "is_active": False}
    assert call("workflows/add_trigger", body, path={"workflow_id": workflow_id}).status == 201
    add_action(workflow_id, "wait", {"hours": 1})
    activate(workflow_id)
    assert store.active_triggers("lead_created") == []


@pytest.mark.parametrize("on_query", [True, False])
def test_a_version_is_the_draft_of_one_moment(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, meanwhile: Any, on_query: bool
) -> None:
    workflow_id = make_workflow()
    wait = add_action(workflow_id, "wait", {"hours": 1})
    path = {"workflow_id": workflow_id}
    second: list[str] = []

    def edit() -> None:
        call("workflows/add_trigger", {"trigger_type": "score_threshold", "trigger_config": {"gte": 5}}, path=path)
        second.append(add_action(workflow_id, "wait", {"hours": 2}, order=1))

    with meanwhile(edit, on_query=on_query):
        assert activate(workflow_id)["version"] == 1
    assert [node.id for node in publishing.definition(workflow_id, 1).actions] == [wait, *second]
    assert len(store.active_triggers("score_threshold")) == 1


def test_of_two_activations_at_once_each_has_a_version_of_its_own(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate, meanwhile: Any
) -> None:
    workflow_id = make_workflow()
    add_action(workflow_id, "wait", {"hours": 1})
    with meanwhile(lambda: activate(workflow_id)) as first:
        second = activate(workflow_id)
    assert (first[0]["version"], second["version"]) == (1, 2)
    assert [int(trigger.version) for trigger in store.active_triggers("lead_created")] == [2]


def test_what_becomes_of_runs_is_one_of_two_words(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate
) -> None:
    workflow_id = make_workflow()
    add_action(workflow_id, "wait", {"hours": 1})
    for body, status in [({"running": "stop"}, 422), ({"runs": "pin"}, 422), ({"running": "pin"}, 200), ({}, 200)]:
        assert call("workflows/activate_workflow", body, path={"workflow_id": workflow_id}).status == status


def refused(workflow_id: str) -> dict[str, str]:
    answer = call("workflows/activate_workflow", path={"workflow_id": workflow_id})
    assert answer.status == 422, answer.text
    return {error["field"]: error["message"] for error in answer.json["errors"]}


def test_conditions_and_templates_that_name_actions_which_are_gone_are_named(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate
) -> None:
    workflow_id = make_workflow()
    first = add_action(workflow_id, "update_lead", {"add_tags": ["a"]})
    field = {"field": f"actions.{first}.output.version", "op": "gte", "value": 1}
    nested = {"all": [{"not": {"any": [field]}}, {"field": "lead.score", "op": "gte", "value": 5}]}
    gated = add_action(workflow_id, "update_lead", {"add_tags": ["b"]}, order=1, condition=nested)
    asking = add_action(workflow_id, "condition", {"if": {"any": [field]}}, order=2)
    side = {"parent_action_id": asking, "condition": {"branch": "yes", "if": field}}
    below = add_action(workflow_id, "update_lead", {"add_tags": ["c"]}, **side)
    text = "{% if actions['" + first + "'].output.version %}yes{% endif %} actions.txt"
    telling = add_action(workflow_id, "create_task", {"title": "actions.txt", "description": text}, order=3)
    activate(workflow_id)
    assert call("workflows/delete_action", path={"workflow_id": workflow_id, "action_id": first}).status == 204
    errors = refused(workflow_id)
    assert set(errors) == {
        f"actions.{gated}.condition",
        f"actions.{asking}.action_config",
        f"actions.{below}.condition",
        f"actions.{telling}.action_config",
    }
    assert set(errors.values()) == {f"names action {first}, which this workflow does not have"}
    assert call("workflows/get_workflow", path={"workflow_id": workflow_id}).json["version"] == 1


def test_words_that_only_look_like_a_reference_are_none(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Activate
) -> None:
    workflow_id = make_workflow()
    add_action(workflow_id, "create_task", {"title": "actions.next is due"})
    body = {"field": "actions.next", "if": {"field": "actions.x"}, "all": ["{{ trigger.actions.next }}"]}
    add_action(workflow_id, "call_webhook", {"url": "https://hooks.example/x", "body": body}, order=1)
    add_action(workflow_id, "update_lead", {"set": {"notes": "{{ actions[trigger.x].output.a }}"}}, order=2)
    activate(workflow_id)


def test_a_template_is_cloned_not_activated(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    workflow_id = make_workflow()
    add_action(workflow_id, "wait", {"hours": 1})
    path = {"workflow_id": workflow_id}
    assert call("workflows/update_workflow", {"is_template": True}, path=path).status == 200
    answer = call("workflows/activate_workflow", path=path)
    assert (answer.status, "clone it" in answer.json["detail"]) == (409, True)
    copy = call("workflows/clone_workflow", {}, path=path).json["id"]
    assert call("workflows/activate_workflow", path={"workflow_id": copy}).status == 200
