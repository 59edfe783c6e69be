from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from leadflow.workflows import store
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.harness import call


def update(workflow_id: str, trigger_id: str, body: dict[str, Any], **headers: str) -> Any:
    path = {"workflow_id": workflow_id, "trigger_id": trigger_id}
    return call("workflows/update_trigger", body, path=path, headers=headers)


def test_what_is_in_force_stays_until_the_next_activation(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Callable[[str], Any]
) -> None:
    workflow_id = make_workflow(trigger="score_threshold", gte=50)
    add_action(workflow_id, "wait", {"hours": 1})
    activate(workflow_id)
    [trigger] = store.triggers_of(workflow_id)
    answer = update(workflow_id, trigger.id, {"trigger_config": {"gte": 80}})
    assert (answer.status, answer.json["trigger_config"], answer.json["is_active"]) == (200, {"gte": 80}, True)
    assert [one.config for one in store.active_triggers("score_threshold")] == [{"gte": 50}]
    activate(workflow_id)
    assert [one.config for one in store.active_triggers("score_threshold")] == [{"gte": 80}]
    assert update(workflow_id, trigger.id, {"is_active": False}).json["trigger_config"] == {"gte": 80}
    activate(workflow_id)
    assert store.active_triggers("score_threshold") == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"trigger_config": {"gte": 101}}, "trigger_config.gte"),
        ({"trigger_config": {}}, "trigger_config.gte"),
        ({"trigger_config": {"gte": 1, "filters": {"field": "lead.x", "op": "eq"}}}, "trigger_config.filters.field"),
        ({"trigger_config": None}, "trigger_config"),
        ({"is_active": None}, "is_active"),
        ({"trigger_type": "lead_created"}, "trigger_type"),
        ({"workflow_id": "X"}, "workflow_id"),
    ],
)
def test_what_a_trigger_does_not_take_is_named(make_workflow: MakeWorkflow, body: dict[str, Any], field: str) -> None:
    workflow_id = make_workflow(trigger="score_threshold", gte=50)
    answer = update(workflow_id, store.triggers_of(workflow_id)[0].id, body)
    assert answer.status == 422, answer.text
    assert answer.json["errors"][0]["field"] == field
    assert store.triggers_of(workflow_id)[0].trigger_config == {"gte": 50}


def test_if_match_and_absence(make_workflow: MakeWorkflow) -> None:
    workflow_id, other = make_workflow(), make_workflow()
    [trigger] = store.triggers_of(workflow_id)
    first = update(workflow_id, trigger.id, {"is_active": False, "trigger_type": "lead_created"})
    assert update(workflow_id, trigger.id, {"is_active": True}, **{"If-Match": '"1"'}).status == 412
    assert update(workflow_id, trigger.id, {"is_active": True}, **{"If-Match": first.etag}).status == 200
    assert update(other, trigger.id, {"is_active": True}).status == 404
    assert update("NONE", trigger.id, {"is_active": True}).status == 404


def test_a_secret_that_is_never_shown_stays_unless_the_caller_has_a_word_on_it(make_workflow: MakeWorkflow) -> None:
    workflow_id = make_workflow(trigger="webhook", hmac_secret="s3cret")
    trigger_id = store.triggers_of(workflow_id)[0].id
    match = {"email": "body.email"}
    for given, kept in [
        ({"match": match}, {"match": match, "hmac_secret": "s3cret"}),
        ({"match": match, "hmac_secret_set": True}, {"match": match, "hmac_secret": "s3cret"}),
        ({"hmac_secret": "other"}, {"hmac_secret": "other"}),
        ({}, {"hmac_secret": "other"}),
        ({"hmac_secret": None, "match": match}, {"hmac_secret": None, "match": match}),
        ({}, {}),
    ]:
        answer = update(workflow_id, trigger_id, {"trigger_config": given})
        assert answer.status == 200, answer.text
        assert answer.json["trigger_config"]["hmac_secret_set"] is (kept.get("hmac_secret") is not None)
        assert store.triggers_of(workflow_id)[0].trigger_config == kept
