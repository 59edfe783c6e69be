from __future__ import annotations

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
