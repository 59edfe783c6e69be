from __future__ import annotations

from typing import Any

from tests.harness import call


def test_a_run_shows_what_started_it_and_where_it_stands(waiting_run: dict[str, Any]) -> None:
    answer = call("executions/get_execution", path={"execution_id": waiting_run["id"]})
    assert answer.status == 200
    assert answer.json["status"] == "running"
    assert answer.json["trigger_data"] == {"size": 3}
    assert (answer.json["lead_id"], answer.json["completed_at"]) == (None, None)
    assert set(answer.json) == set(waiting_run)


def test_a_run_that_is_not_there_is_404() -> None:
    assert call("executions/get_execution", path={"execution_id": "NONE"}).status == 404
