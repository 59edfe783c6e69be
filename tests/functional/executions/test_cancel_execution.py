from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from leadflow.core import due
from leadflow.workflows.store import WorkflowExecution
from tests.functional.wire import interrupted
from tests.functional.workflows.engine import Engine
from tests.harness import call, door


def test_a_waiting_run_is_cancelled_and_stays_so(waiting_run: dict[str, Any], engine: Engine) -> None:
    path = {"execution_id": waiting_run["id"]}
    answer = call("executions/cancel_execution", path=path)
    assert (answer.status, answer.json["status"]) == (200, "cancelled")
    assert answer.json["completed_at"] is not None
    engine.clock.advance(days=2)
    assert door("workflows/run_segment")({"execution_id": waiting_run["id"], "run": 1}, None) == {"next": "done"}
    assert call("executions/get_execution", path=path).json["status"] == "cancelled"
    assert list(due.waiting(WorkflowExecution, "execution")) == []


def test_a_run_that_has_ended_is_not_cancelled(waiting_run: dict[str, Any]) -> None:
    path = {"execution_id": waiting_run["id"]}
    call("executions/cancel_execution", path=path)
    assert call("executions/cancel_execution", path=path).status == 409
    assert call("executions/cancel_execution", path={"execution_id": "NONE"}).status == 404


def test_a_run_is_cancelled_while_it_is_queued(engine: Engine) -> None:
    path = {"workflow_id": call("workflows/create_workflow", {"name": "Queued"}).json["id"]}
    call("workflows/add_action", {"action_type": "wait", "action_config": {"minutes": 0}}, path=path)
    assert call("workflows/activate_workflow", path=path).status == 200
    run = call("workflows/run_workflow", {}, path=path).json
    assert call("executions/cancel_execution", path={"execution_id": run["id"]}).status == 200
    [start] = engine.starts()
    assert engine.segment(start) == "done"
    assert call("executions/list_logs", path={"execution_id": run["id"]}).json["items"] == []


def test_a_run_is_cancelled_in_the_middle_of_an_action(waiting_run: dict[str, Any], engine: Engine) -> None:
    """The segment that is at it finds the run ended when it writes, and leaves it so."""
    engine.clock.advance(days=2)
    path = {"execution_id": waiting_run["id"]}
    with interrupted(lambda: call("executions/cancel_execution", path=path)):
        assert engine.segment({"execution_id": waiting_run["id"], "run": 1}) == "done"
    assert call("executions/get_execution", path=path).json["status"] == "cancelled"
    assert list(due.waiting(WorkflowExecution, "execution")) == []


def logs_of(execution_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = call("executions/list_logs", path={"execution_id": execution_id}).json["items"]
    return items


def test_the_wait_of_a_cancelled_run_is_skipped_and_says_why(waiting_run: dict[str, Any], engine: Engine) -> None:
    path = {"execution_id": waiting_run["id"]}
    call("executions/cancel_execution", path=path)
    log = logs_of(waiting_run["id"])[-1]
    assert (log["action_type"], log["status"], log["reason"]) == (
        "wait",
        "skipped",
        "The run was cancelled while it waited.",
    )
    assert log["duration_ms"] is not None
    assert call("executions/retry_execution", {}, path=path).status == 202
    [start] = engine.starts()
    assert engine.segment(start) == "wait"
    log = logs_of(waiting_run["id"])[-1]
    assert (log["status"], log["reason"]) == ("running", None)
    engine.run()
    log = logs_of(waiting_run["id"])[-1]
    assert (log["status"], log["reason"], len(logs_of(waiting_run["id"]))) == ("completed", None, 2)


def test_an_action_under_way_when_its_run_is_cancelled_may_have_been_done_and_says_so(engine: Engine) -> None:
    """Whether the action is about to be claimed, claimed, or done and about to be committed."""
    path = {"workflow_id": call("workflows/create_workflow", {"name": "Quick"}).json["id"]}
    action = {"action_type": "create_task", "action_config": {"title": "Call"}}
    call("workflows/add_action", action, path=path)
    assert call("workflows/activate_workflow", path=path).status == 200
    for operation, when in (("PutItem", 2), ("TransactWriteItems", 1), ("TransactWriteItems", 2)):
        run = call("workflows/run_workflow", {}, path=path).json["id"]
        [start] = engine.starts()
        with at_call(operation, when, lambda run=run: call("executions/cancel_execution", path={"execution_id": run})):
            assert engine.segment(start) == "done"
        assert call("executions/get_execution", path={"execution_id": run}).json["status"] == "cancelled"
        [log] = logs_of(run)
        assert log["status"] == "failed"
        assert log["error_message"] == "The run was cancelled while the action was under way; it may have been done."


@contextmanager
def at_call(operation: str, number: int, act: Callable[[], object]) -> Iterator[None]:
    """A rival acts right before the n-th call of this operation."""
    with ExitStack() as stack:
        turns = iter(range(1, number + 1))

        def step() -> None:
            if next(turns) == number:
                act()

        stack.enter_context(interrupted(step, operation=operation, times=number))
        yield
