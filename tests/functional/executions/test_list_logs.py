from __future__ import annotations

from typing import Any

from tests.functional.workflows.engine import Engine
from tests.harness import call


def test_logs_are_updated_in_place_and_come_in_the_order_of_the_run(
    waiting_run: dict[str, Any], engine: Engine
) -> None:
    path = {"execution_id": waiting_run["id"]}
    before = call("executions/list_logs", path=path).json["items"]
    assert [(log["action_type"], log["status"]) for log in before] == [("condition", "completed"), ("wait", "running")]
    engine.run()
    after = call("executions/list_logs", path=path).json["items"]
    assert [log["id"] for log in after] == [log["id"] for log in before]
    assert after[1]["status"] == "completed"
    assert after[1]["input_data"] == {"config": {"days": 1}}


def test_logs_come_in_pages(waiting_run: dict[str, Any]) -> None:
    path = {"execution_id": waiting_run["id"]}
    first = call("executions/list_logs", path=path, query={"limit": "1"}).json
    second = call("executions/list_logs", path=path, query={"limit": "1", "cursor": first["next_cursor"]}).json
    assert [page["items"][0]["action_type"] for page in (first, second)] == ["condition", "wait"]
    assert second["next_cursor"] is None
