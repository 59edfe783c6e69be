from __future__ import annotations

from leadflow.core import table
from leadflow.workflows import store
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call


def ended(workflow_id: str, number: int, status: str) -> None:
    execution = store.new_execution(
        id=f"E{number}",
        workflow_id=workflow_id,
        workflow_version=1,
        trigger_type="manual",
        started_at=f"2026-03-02T09:00:0{number}.000Z",
    )
    table.create(execution)
    execution.status = status
    table.save(execution)


def test_runs_are_counted_once_however_often_their_changes_are_read(clock: Clock) -> None:
    engine = Engine(clock)
    workflow_id = call("workflows/create_workflow", {"name": "Welcome"}).json["id"]
    for number, status in enumerate(["completed", "completed", "failed", "cancelled"]):
        ended(workflow_id, number, status)
    records = engine.changes()
    engine.deliver(records)
    engine.deliver(records[3:])
    engine.deliver(records)
    record = call("workflows/get_workflow", path={"workflow_id": workflow_id}).json
    assert (record["execution_count"], record["success_count"], record["failure_count"]) == (4, 2, 1)
    assert record["last_executed_at"] == "2026-03-02T09:00:03.000Z"
    assert call("workflows/list_workflows").json["items"][0]["execution_count"] == 4
