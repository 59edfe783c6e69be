"""Retrying with the latest version when the action that failed has moved, stands below another one, or is gone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.executions.test_retry_execution import (
    act,
    activate,
    give_a_date,
    lead_of,
    retry,
    run_of,
    started,
)
from tests.functional.workflows.engine import Engine
from tests.harness import Answer, call


class Failed:
    """A run of tag one, a wait that fails, tag two; its actions by name."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        body = {"name": "Ada", "email": "ada@example.com"}
        self.lead_id = str(call("leads/create_lead", body).json["id"])
        self.workflow_id = str(call("workflows/create_workflow", {"name": "Renewal"}).json["id"])
        self.one = act(self.workflow_id, "update_lead", {"add_tags": ["one"]}, 10)
        self.wait = act(self.workflow_id, "wait", {"until": "lead.custom.renewal_at"}, 20)
        self.two = act(self.workflow_id, "update_lead", {"add_tags": ["two"]}, 30)
        activate(self.workflow_id)
        self.run = started(engine, self.workflow_id, self.lead_id)
        assert run_of(self.run)["status"] == "failed"
        call("leads/update_lead", {"tags": []}, path={"lead_id": self.lead_id})
        give_a_date(self.lead_id)

    def place(self, action_id: str, **fields: Any) -> None:
        path = {"workflow_id": self.workflow_id, "action_id": action_id}
        answer = call("workflows/update_action", fields, path=path)
        assert answer.status == 200, answer.text

    def delete(self, action_id: str) -> None:
        path = {"workflow_id": self.workflow_id, "action_id": action_id}
        assert call("workflows/delete_action", path=path, query={"cascade": "true"}).status == 204

    def go_on(self) -> Answer:
        activate(self.workflow_id)
        answer = retry(self.run, version="latest")
        self.engine.run()
        return answer

    @property
    def tags(self) -> list[str]:
        """What was tagged since the failure."""
        return list(lead_of(self.lead_id)["tags"])

    @property
    def logs(self) -> list[tuple[str, str, str | None]]:
        items = call("executions/list_logs", path={"execution_id": self.run}).json["items"]
        return [(log["action_id"], log["status"], log["reason"]) for log in items]


@pytest.fixture
def failed(engine: Engine) -> Failed:
    return Failed(engine)


def test_an_action_that_moved_back_takes_the_run_along_and_what_was_done_is_not_repeated(failed: Failed) -> None:
    failed.place(failed.wait, order=5)
    assert failed.go_on().status == 202
    assert run_of(failed.run)["status"] == "completed"
    assert failed.tags == ["two"]
    assert [one for one, status, _ in failed.logs if status == "completed"] == [failed.one, failed.wait, failed.two]


def test_an_action_that_moved_ahead_takes_the_run_along_and_what_it_skipped_is_not_made_up_for(failed: Failed) -> None:
    failed.place(failed.wait, order=40)
    failed.go_on()
    assert run_of(failed.run)["status"] == "completed"
    assert failed.tags == []


def test_an_action_that_stands_below_a_new_one_begins_at_the_highest_that_was_not_walked(failed: Failed) -> None:
    gate = act(failed.workflow_id, "condition", {"if": {"field": "lead.name", "op": "eq", "value": "Ada"}}, 15)
    failed.place(failed.wait, parent_action_id=gate, condition={"branch": "yes"})
    failed.go_on()
    assert run_of(failed.run)["status"] == "completed"
    assert failed.tags == ["two"]
    assert failed.logs[-3:] == [
        (gate, "completed", None),
        (failed.wait, "completed", None),
        (failed.two, "completed", None),
    ]


def test_an_action_on_the_side_that_the_new_condition_does_not_take_is_skipped(failed: Failed) -> None:
    gate = act(failed.workflow_id, "condition", {"if": {"field": "lead.name", "op": "eq", "value": "Bob"}}, 15)
    failed.place(failed.wait, parent_action_id=gate, condition={"branch": "yes"})
    failed.go_on()
    assert run_of(failed.run)["status"] == "completed"
    assert failed.logs[-2:] == [
        (failed.wait, "skipped", "the condition above is no"),
        (failed.two, "completed", None),
    ]


def test_an_action_that_stands_below_one_that_was_walked_goes_on_at_once(failed: Failed) -> None:
    failed.place(failed.wait, parent_action_id=failed.one)
    failed.place(failed.two, parent_action_id=failed.wait)
    failed.go_on()
    assert run_of(failed.run)["status"] == "completed"
    assert failed.tags == ["two"]


def test_an_action_that_is_gone_is_named_and_the_run_stays_as_it_was(failed: Failed) -> None:
    """Where to go on is for a person to say; with the version it had the run still goes on."""
    failed.delete(failed.wait)
    before = run_of(failed.run)
    answer = failed.go_on()
    assert answer.status == 422
    [error] = answer.json["errors"]
    assert error == {"field": "version", "message": f"version 2 has no action {failed.wait} to go on from"}
    assert run_of(failed.run) == before
    assert retry(failed.run).json["workflow_version"] == 1
    failed.engine.run()
    assert (run_of(failed.run)["status"], failed.tags) == ("completed", ["two"])


def test_what_the_latest_version_asks_of_actions_walked_is_known(failed: Failed) -> None:
    asks = {"field": f"actions.{failed.one}.output.version", "op": "gte", "value": 1}
    failed.place(failed.two, condition=asks)
    failed.go_on()
    assert failed.tags == ["two"]


def test_a_cancelled_run_goes_on_with_the_latest_version_too(engine: Engine) -> None:
    workflow_id = str(call("workflows/create_workflow", {"name": "Slow"}).json["id"])
    lead_id = str(call("leads/create_lead", {"name": "Ada", "email": "ada@example.com"}).json["id"])
    wait = act(workflow_id, "wait", {"days": 2}, 10)
    activate(workflow_id)
    run = str(call("workflows/run_workflow", {"lead_id": lead_id}, path={"workflow_id": workflow_id}).json["id"])
    assert engine.segment(engine.starts()[0]) == "wait"
    engine.asleep.clear()
    call("executions/cancel_execution", path={"execution_id": run})
    path = {"workflow_id": workflow_id, "action_id": wait}
    assert call("workflows/update_action", {"order": 30}, path=path).status == 200
    act(workflow_id, "update_lead", {"add_tags": ["before"]}, 20)
    act(workflow_id, "update_lead", {"add_tags": ["after"]}, 40)
    activate(workflow_id)
    assert retry(run, version="latest").status == 202
    engine.run()
    assert (run_of(run)["status"], lead_of(lead_id)["tags"]) == ("completed", ["after"])
