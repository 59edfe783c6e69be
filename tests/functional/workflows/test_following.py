"""X21, runs under way and newer versions: who keeps theirs, who goes on with the new one, and from where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from leadflow.workflows import store
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.harness import call

MakeLead = Callable[..., str]


@pytest.fixture
def run(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Callable[[str], Any],
    make_lead: MakeLead,
    engine: Engine,
) -> Waiting:
    """A run that has tagged its lead `one` and waits three days, then to tag it `two`."""
    workflow_id = make_workflow()
    first = add_action(workflow_id, "update_lead", {"add_tags": ["one"]})
    wait = add_action(workflow_id, "wait", {"days": 3}, order=1)
    last = add_action(workflow_id, "update_lead", {"add_tags": ["two"]}, order=2)
    activate(workflow_id)
    lead_id = make_lead()
    engine.deliver()
    [start] = engine.starts()
    assert engine.segment(start) == "wait"
    return Waiting(workflow_id, lead_id, start["execution_id"], first, wait, last)


class Waiting:
    """The run, its lead and its actions."""

    def __init__(self, workflow_id: str, lead_id: str, execution_id: str, first: str, wait: str, last: str) -> None:
        self.workflow_id, self.lead_id, self.execution_id = workflow_id, lead_id, execution_id
        self.first, self.wait, self.last = first, wait, last

    def publish(self, running: str) -> None:
        answer = call("workflows/activate_workflow", {"running": running}, path={"workflow_id": self.workflow_id})
        assert answer.status == 200, answer.text

    def change(self, action_id: str, **fields: Any) -> None:
        path = {"workflow_id": self.workflow_id, "action_id": action_id}
        assert call("workflows/update_action", fields, path=path).status == 200

    def drop(self, action_id: str) -> None:
        path = {"workflow_id": self.workflow_id, "action_id": action_id}
        assert call("workflows/delete_action", path=path).status == 204

    def tags(self) -> list[str]:
        tags: list[str] = call("leads/get_lead", path={"lead_id": self.lead_id}).json["tags"]
        return tags

    def logs(self) -> list[tuple[str, str, int]]:
        items = call("executions/list_logs", path={"execution_id": self.execution_id}).json["items"]
        return [(item["action_id"], item["status"], item["workflow_version"]) for item in items]

    def record(self) -> dict[str, Any]:
        record: dict[str, Any] = call("executions/get_execution", path={"execution_id": self.execution_id}).json
        return record


def test_a_pinned_run_ends_on_the_version_it_began_with(run: Waiting, engine: Engine) -> None:
    run.change(run.last, action_config={"add_tags": ["three"]})
    run.publish("pin")
    engine.run()
    assert run.tags() == ["one", "two"]
    assert [version for _, _, version in run.logs()] == [1, 1, 1]
    assert run.record()["workflow_version"] == 1


def test_a_run_that_follows_goes_on_from_its_wait_with_the_new_version(
    run: Waiting, add_action: AddAction, engine: Engine
) -> None:
    run.change(run.last, action_config={"add_tags": ["three"]})
    run.change(run.first, action_config={"add_tags": ["again"]})
    run.change(run.wait, action_config={"days": 30})
    inserted = add_action(run.workflow_id, "update_lead", {"add_tags": ["early"]}, order=0)
    run.publish("follow")
    asked = engine.clock.moment
    engine.run()
    # What it has walked stays walked, a wait that has begun ends when it was to end, what stands before is not made up.
    assert run.tags() == ["one", "three"]
    assert (engine.clock.moment - asked).days == 3
    assert run.logs() == [(run.first, "completed", 1), (run.wait, "completed", 1), (run.last, "completed", 2)]
    assert inserted not in [action_id for action_id, _, _ in run.logs()]
    assert (run.record()["status"], run.record()["workflow_version"]) == ("completed", 2)


def test_where_its_action_is_gone_a_run_goes_on_with_what_follows(
    run: Waiting, add_action: AddAction, engine: Engine
) -> None:
    run.drop(run.wait)
    replacing = add_action(run.workflow_id, "update_lead", {"add_tags": ["instead"]}, order=1)
    run.publish("follow")
    engine.run()
    assert run.tags() == ["one", "instead", "two"]
    assert run.logs() == [
        (run.first, "completed", 1),
        (run.wait, "skipped", 1),
        (replacing, "completed", 2),
        (run.last, "completed", 2),
    ]


def test_where_nothing_is_left_a_run_ends_and_says_why(run: Waiting, add_action: AddAction, engine: Engine) -> None:
    for action_id in (run.first, run.wait, run.last):
        run.drop(action_id)
    add_action(run.workflow_id, "update_lead", {"add_tags": ["other"]})
    run.publish("follow")
    engine.run()
    record = run.record()
    assert record["status"] == "failed"
    assert record["error_message"].startswith("Version 2 has none of the actions of version 1")
    assert run.tags() == ["one"]


def test_the_newest_version_to_be_followed_counts_and_a_later_pin_does_not(run: Waiting, engine: Engine) -> None:
    run.change(run.last, action_config={"add_tags": ["v2"]})
    run.publish("follow")
    run.change(run.last, action_config={"add_tags": ["v3"]})
    run.publish("pin")
    engine.run()
    assert run.tags() == ["one", "v2"]
    assert run.record()["workflow_version"] == 2


def test_an_edit_without_activation_is_not_followed(run: Waiting, engine: Engine) -> None:
    run.publish("follow")
    run.change(run.last, action_config={"add_tags": ["unpublished"]})
    engine.run()
    assert run.tags() == ["one", "two"]


def test_an_action_that_has_begun_is_not_gated_again(run: Waiting, engine: Engine) -> None:
    run.change(run.wait, condition={"field": "lead.score", "op": "gte", "value": 90})
    run.publish("follow")
    engine.run()
    assert run.logs()[1] == (run.wait, "completed", 1)
    assert run.record()["status"] == "completed"


def test_a_wait_whose_condition_no_longer_holds_when_it_ends_is_over_like_any_other(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Callable[[str], Any],
    make_lead: MakeLead,
    engine: Engine,
) -> None:
    workflow_id = make_workflow()
    new = {"field": "lead.status", "op": "eq", "value": "new"}
    add_action(workflow_id, "wait", {"hours": 1}, condition=new)
    activate(workflow_id)
    lead_id = make_lead()
    engine.deliver()
    for start in engine.starts():
        engine.segment(start)
    call("leads/update_lead", {"status": "contacted"}, path={"lead_id": lead_id})
    engine.run()
    [item] = call("executions/list_executions", path={"workflow_id": workflow_id}).json["items"]
    assert (item["status"], int(store.load_execution(item["id"]).segments)) == ("completed", 2)
