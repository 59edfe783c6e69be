from __future__ import annotations

from typing import Any

from tests.harness import Clock, call


def test_runs_come_newest_first_and_by_status(waiting_run: dict[str, Any], clock: Clock) -> None:
    path = {"workflow_id": waiting_run["workflow_id"]}
    clock.advance(seconds=1)
    newer = call("workflows/run_workflow", {}, path=path).json["id"]
    call("executions/cancel_execution", path={"execution_id": newer})
    everything = call("executions/list_executions", path=path).json["items"]
    assert [run["id"] for run in everything] == [newer, waiting_run["id"]]
    cancelled = call("executions/list_executions", path=path, query={"status": "cancelled"}).json["items"]
    assert [run["id"] for run in cancelled] == [newer]


def test_a_workflow_that_is_not_there_is_404() -> None:
    assert call("executions/list_executions", path={"workflow_id": "NONE"}).status == 404
