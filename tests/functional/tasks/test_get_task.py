"""GET /tasks/{task_id}."""

from __future__ import annotations

from tests.functional.activities.plans import task
from tests.harness import call


def test_a_task_is_shown_with_its_version() -> None:
    made = task()

    answer = call("tasks/get_task", path={"task_id": made["id"]}, scopes="tasks:read")

    assert (answer.status, answer.json, answer.etag) == (200, made, '"1"')


def test_what_is_not_there_is_not_found() -> None:
    for task_id in ("NOBODY", "x" * 3000):
        assert call("tasks/get_task", path={"task_id": task_id}).status == 404
    assert call("tasks/get_task", path={"task_id": task()["id"]}, scopes="leads:read").status == 403
