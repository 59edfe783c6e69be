"""Waits for events and windows, as a run lives them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leadflow.core import clock as product_clock
from leadflow.workflows import store, store_waiting
from leadflow.workflows.service import publishing, recovery, waiting
from tests.functional.wire import interrupted
from tests.functional.workflows.conftest import AddAction, MakeWorkflow
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call

MakeLead = Callable[..., str]
Start = dict[str, Any]


@pytest.fixture
def waiting_for_status(
    make_workflow: MakeWorkflow, add_action: AddAction, activate: Callable[[str], Any], make_lead: MakeLead
) -> str:
    """wait for the lead to be qualified, two days at most; then tag how it went. Gives the lead's id."""
    workflow_id = make_workflow()
    config = {"for_event": "lead_status_changed", "event_config": {"to": "qualified"}, "timeout_hours": 48}
    wait = add_action(workflow_id, "wait", config)
    timed_out = {"field": f"actions.{wait}.output.timed_out", "op": "eq", "value": True}
    add_action(workflow_id, "update_lead", {"add_tags": ["late"]}, order=1, condition=timed_out)
    add_action(workflow_id, "update_lead", {"add_tags": ["in-time"]}, order=2, condition={"not": timed_out})
    activate(workflow_id)
    return make_lead()


def status(lead_id: str, value: str) -> None:
    assert call("leads/update_lead", {"status": value}, path={"lead_id": lead_id}).status == 200


def tags(lead_id: str) -> list[str]:
    found: list[str] = call("leads/get_lead", path={"lead_id": lead_id}).json["tags"]
    return found


def asleep(engine: Engine) -> Start:
    """The run's start, once it waits."""
    engine.deliver()
    [start] = engine.starts()
    assert engine.segment(start) == "wait"
    return start


def wait_log(start: Start) -> dict[str, Any]:
    items = call("executions/list_logs", path={"execution_id": start["execution_id"]}).json["items"]
    return dict(items[0])


def waiters(lead_id: str) -> list[store_waiting.Waiter]:
    return store_waiting.waiting_for(lead_id, "lead_status_changed")


def test_the_event_wakes_the_run_once_however_often_it_is_read(
    waiting_for_status: str, engine: Engine, clock: Clock
) -> None:
    start = asleep(engine)
    clock.advance(hours=5)
    status(waiting_for_status, "contacted")
    status(waiting_for_status, "qualified")
    changes = engine.changes()
    for _ in range(3):
        engine.deliver(changes)
    # The message of a woken run may be lost, so each reading queues it again under the same number.
    woken = engine.starts()
    assert {one["run"] for one in woken} == {2}
    assert engine.segment(woken[0]) == "done"
    assert engine.segment(woken[0]) == "done"
    assert engine.segment(start) == "done"
    output = wait_log(start)["output_data"]
    assert (output["event"], output["timed_out"], output["to"]) == ("lead_status_changed", False, "qualified")
    assert tags(waiting_for_status) == ["in-time"]
    assert waiters(waiting_for_status) == []
    engine.deliver(changes)
    assert engine.starts() == []


def test_without_the_event_the_time_is_up(waiting_for_status: str, engine: Engine, clock: Clock) -> None:
    began = clock.moment
    start = asleep(engine)
    status(waiting_for_status, "contacted")
    engine.run()
    assert clock.moment - began == timedelta(hours=48)
    output = wait_log(start)["output_data"]
    assert (output["event"], output["timed_out"]) == (None, True)
    assert tags(waiting_for_status) == ["late"]
    assert waiters(waiting_for_status) == []


def test_what_happened_before_the_wait_does_not_count(waiting_for_status: str, engine: Engine, clock: Clock) -> None:
    engine.deliver()
    [start] = engine.starts()
    status(waiting_for_status, "qualified")
    before = engine.changes()
    clock.advance(seconds=1)
    assert engine.segment(start) == "wait"
    engine.deliver(before)
    assert engine.starts() == []


def test_an_event_between_the_claim_and_the_pause_is_not_lost(
    waiting_for_status: str, engine: Engine, clock: Clock
) -> None:
    """The reader of changes finds the waiter of a run that is still under its lease."""
    engine.deliver()
    [start] = engine.starts()
    execution = store.load_execution(start["execution_id"])
    [node] = [one for one in _definition(execution).actions if one.action_type == "wait"]
    until = product_clock.stamp(clock.moment + timedelta(hours=48))
    waiting.waiter_of(execution, node, 0, until)
    status(waiting_for_status, "qualified")
    engine.deliver()
    assert engine.starts() == []
    assert engine.segment(start) == "done"
    assert tags(waiting_for_status) == ["in-time"]


def test_an_event_at_the_very_moment_of_lying_down_is_not_lost(waiting_for_status: str, engine: Engine) -> None:
    engine.deliver()
    [start] = engine.starts()
    rivals = iter([lambda: None, lambda: _qualified_and_read(waiting_for_status, engine)])
    # First the waiter is written, then the run lies down.
    with interrupted(lambda: next(rivals)(), times=2):
        assert engine.segment(start) == "done"
    assert tags(waiting_for_status) == ["in-time"]


def test_a_cancelled_wait_leaves_nothing_to_wake(waiting_for_status: str, engine: Engine) -> None:
    start = asleep(engine)
    assert call("executions/cancel_execution", path={"execution_id": start["execution_id"]}).status == 200
    assert waiters(waiting_for_status) == []
    status(waiting_for_status, "qualified")
    engine.deliver()
    assert engine.starts() == []


def test_an_erased_lead_leaves_no_waiter(waiting_for_status: str, engine: Engine) -> None:
    asleep(engine)
    assert waiters(waiting_for_status)
    waiting.forget(waiting_for_status)
    assert waiters(waiting_for_status) == []


def test_a_wake_whose_message_was_lost_is_found_by_the_due_index(
    waiting_for_status: str, engine: Engine, clock: Clock
) -> None:
    asleep(engine)
    status(waiting_for_status, "qualified")
    engine.deliver()
    assert len(engine.starts()) == 1
    engine.asleep.clear()
    clock.advance(minutes=3)
    assert recovery.reconcile() == {"restarted": 1, "given_up": 0}
    engine.run()
    assert tags(waiting_for_status) == ["in-time"]


def test_a_wait_ends_in_its_window(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Callable[[str], Any],
    make_lead: MakeLead,
    engine: Engine,
    clock: Clock,
) -> None:
    workflow_id = make_workflow()
    window = {"days": ["mon", "tue"], "from": "09:00", "to": "17:00"}
    add_action(workflow_id, "wait", {"days": 2, "window": window})
    activate(workflow_id)
    make_lead(timezone="Asia/Tokyo")
    engine.run()
    # Monday 9:00 UTC and two days is Wednesday evening in Tokyo; Monday there opens at midnight UTC.
    assert clock.moment == datetime(2026, 3, 9, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"for_event": "lead_created"}, "for_event"),
        ({"for_event": "score_threshold"}, "gte"),
        ({"for_event": "score_threshold", "event_config": {"gte": 0}}, "gte"),
        ({"for_event": "email_opened", "event_config": {"link": "https://example.com/"}}, "link"),
        ({"for_event": "email_opened", "event_config": {"speed": 1}}, "speed"),
        ({"for_event": "email_opened", "window": {"from": "09:00", "to": "10:00"}}, "window"),
        ({"minutes": 5, "timeout_hours": 3}, "timeout_hours"),
        ({"minutes": 0, "window": {"from": "9:00", "to": "17:00"}}, "from"),
        ({"minutes": 0, "window": {"from": "17:00", "to": "09:00"}}, "window"),
        ({"minutes": 0, "window": {"from": "09:00", "to": "17:00", "timezone": "Mars/North"}}, "timezone"),
        ({"minutes": 0, "window": {"from": "09:00", "to": "17:00", "days": ["monday"]}}, "days"),
        ({"minutes": 0, "window": {"from": "09:00", "to": "17:00", "days": []}}, "days"),
    ],
)
def test_a_wait_that_cannot_be_is_refused_when_it_is_written(
    config: dict[str, Any], named: str, make_workflow: MakeWorkflow
) -> None:
    body = {"action_type": "wait", "action_config": config}
    answer = call("workflows/add_action", body, path={"workflow_id": make_workflow()})
    assert answer.status == 422
    assert named in answer.text


def _qualified_and_read(lead_id: str, engine: Engine) -> None:
    status(lead_id, "qualified")
    engine.deliver()


def _definition(execution: store.WorkflowExecution) -> Any:
    return publishing.definition(execution.workflow_id, int(execution.workflow_version))


def test_x23_a_run_wakes_behind_its_wait_once_and_not_before_its_time(
    make_workflow: MakeWorkflow,
    add_action: AddAction,
    activate: Callable[[str], Any],
    make_lead: MakeLead,
    engine: Engine,
) -> None:
    """Nothing before the wait is done again, the wait is not skipped, and waking is of use once."""
    workflow_id = make_workflow()
    for order, tag in ((0, "before"), (2, "after")):
        add_action(workflow_id, "update_lead", {"add_tags": [tag]}, order=order)
    add_action(workflow_id, "wait", {"days": 1}, order=1)
    activate(workflow_id)
    lead_id = make_lead()
    start = asleep(engine)
    call("leads/update_lead", {"tags": []}, path={"lead_id": lead_id})
    for hours in (1, 22):
        engine.clock.advance(hours=hours)
        assert engine.segment(start) == "wait"
        assert tags(lead_id) == []
    engine.clock.advance(hours=1)
    assert [engine.segment(start) for _ in range(3)] == ["done"] * 3
    version = call("leads/get_lead", path={"lead_id": lead_id}).json["updated_at"]
    engine.run()
    assert recovery.reconcile() == {"restarted": 0, "given_up": 0}
    assert (tags(lead_id), call("leads/get_lead", path={"lead_id": lead_id}).json["updated_at"]) == (["after"], version)
    logs = call("executions/list_logs", path={"execution_id": start["execution_id"]}).json["items"]
    assert [(log["action_type"], log["status"], log["attempt"]) for log in logs] == [
        ("update_lead", "completed", 1),
        ("wait", "completed", 1),
        ("update_lead", "completed", 1),
    ]
