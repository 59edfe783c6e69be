from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from leadflow.workflows.service import publishing
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.harness import call

YES = {"branch": "yes"}
IF = {"if": {"field": "lead.score", "op": "gte", "value": 5}}


def update(workflow_id: str, action_id: str, body: dict[str, Any], **headers: str) -> Any:
    path = {"workflow_id": workflow_id, "action_id": action_id}
    return call("workflows/update_action", body, path=path, headers=headers)


def test_what_is_given_changes_and_nothing_that_runs(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Callable[[str], Any]
) -> None:
    workflow_id = make_workflow()
    wait = add_action(workflow_id, "wait", {"hours": 1})
    activate(workflow_id)
    answer = update(workflow_id, wait, {"action_config": {"days": 2}, "order": 3, "action_type": "wait"})
    assert answer.status == 200
    assert (answer.json["action_config"], answer.json["order"]) == ({"days": 2}, 3)
    assert publishing.definition(workflow_id, 1).actions[0].config == {"hours": 1}


def test_an_action_moves_with_all_that_is_below_it(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    workflow_id = make_workflow()
    condition = add_action(workflow_id, "condition", IF)
    wait = add_action(workflow_id, "wait", {"hours": 1}, order=1)
    below = add_action(workflow_id, "wait", {"hours": 1}, parent_action_id=wait)
    moved = update(workflow_id, wait, {"parent_action_id": condition, "condition": YES})
    assert (moved.status, moved.json["parent_action_id"]) == (200, condition)
    items = call("workflows/list_actions", path={"workflow_id": workflow_id}).json["items"]
    assert [item["id"] for item in items] == [condition, wait, below]
    back = update(workflow_id, wait, {"parent_action_id": None, "condition": None})
    assert (back.json["parent_action_id"], back.json["condition"]) == (None, None)


def test_an_action_goes_nowhere_it_cannot_stand(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    workflow_id = make_workflow()
    foreign = add_action(make_workflow(), "wait", {"hours": 1})
    condition = add_action(workflow_id, "condition", IF)
    child = add_action(workflow_id, "wait", {"hours": 1}, parent_action_id=condition, condition=YES)
    below = add_action(workflow_id, "wait", {"hours": 1}, parent_action_id=child)
    wait = add_action(workflow_id, "wait", {"hours": 1}, order=1)
    before = call("workflows/list_actions", path={"workflow_id": workflow_id}).json
    for action_id, body, field in [
        (wait, {"parent_action_id": foreign}, "parent_action_id"),
        (wait, {"parent_action_id": wait}, "parent_action_id"),
        (condition, {"parent_action_id": below}, "parent_action_id"),
        (condition, {"parent_action_id": child}, "parent_action_id"),
        (wait, {"parent_action_id": condition}, "condition"),
        (child, {"condition": None}, "condition"),
        (child, {"parent_action_id": wait}, "condition.branch"),
        (child, {"parent_action_id": None}, "condition.branch"),
        (wait, {"condition": {"field": "lead.bogus", "op": "eq", "value": 1}}, "condition.field"),
        (wait, {"order": None}, "order"),
        (wait, {"order": -1}, "order"),
    ]:
        answer = update(workflow_id, action_id, body)
        assert answer.status == 422, (body, answer.text)
        assert answer.json["errors"][0]["field"] == field, body
    assert call("workflows/list_actions", path={"workflow_id": workflow_id}).json == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action_config": {}}, "action_config"),
        ({"action_config": None}, "action_config"),
        ({"action_config": {"hours": 1, "until": "2026-01-01T00:00:00Z"}}, "action_config"),
        ({"action_config": {"hours": "x"}}, "action_config.hours"),
        ({"action_type": "condition"}, "action_type"),
        ({"status": "done"}, "status"),
    ],
)
def test_a_configuration_is_checked_as_on_creation(
    make_workflow: MakeWorkflow, add_action: AddAction, body: dict[str, Any], field: str
) -> None:
    workflow_id = make_workflow()
    answer = update(workflow_id, add_action(workflow_id, "wait", {"hours": 1}), body)
    assert answer.status == 422, answer.text
    assert answer.json["errors"][0]["field"] == field


def test_if_match_and_absence(make_workflow: MakeWorkflow, add_action: AddAction) -> None:
    workflow_id, other = make_workflow(), make_workflow()
    wait = add_action(workflow_id, "wait", {"hours": 1})
    first = update(workflow_id, wait, {"order": 1})
    assert update(workflow_id, wait, {"order": 2}, **{"If-Match": '"1"'}).status == 412
    assert update(workflow_id, wait, {"order": 2}, **{"If-Match": first.etag}).status == 200
    assert update(other, wait, {"order": 1}).status == 404
    assert update(workflow_id, "NONE", {"order": 1}).status == 404


def test_two_moves_at_once_make_no_cycle(make_workflow: MakeWorkflow, add_action: AddAction, meanwhile: Any) -> None:
    workflow_id = make_workflow()
    one = add_action(workflow_id, "wait", {"hours": 1})
    other = add_action(workflow_id, "wait", {"hours": 1}, order=1)
    with meanwhile(lambda: update(workflow_id, other, {"parent_action_id": one})) as answers:
        late = update(workflow_id, one, {"parent_action_id": other})
    assert [answer.status for answer in answers] == [200]
    assert (late.status, late.json["errors"][0]["field"]) == (422, "parent_action_id")
