"""PATCH /tasks/{task_id}."""

from __future__ import annotations

import pytest

from tests.functional.activities.plans import faults, patched_task, task, tasks
from tests.functional.leads.people import added
from tests.functional.wire import interrupted, stored
from tests.harness import Clock, call


def test_fields_given_change_and_others_stay(clock: Clock) -> None:
    made = task(lead_id=added()["id"], description="Soon", assigned_to="sam@example.com")
    clock.advance(seconds=5)

    answer = patched_task(made["id"], status="done", description=None, due_at="2026-03-04T09:00:00Z")

    assert (answer.status, answer.etag) == (200, '"2"')
    changed = {"status": "done", "description": None, "due_at": "2026-03-04T09:00:00.000Z"}
    assert answer.json == {**made, **changed, "updated_at": "2026-03-02T09:00:05.000Z"}
    assert call("tasks/get_task", path={"task_id": made["id"]}).json == answer.json


def test_lists_follow_a_change(clock: Clock) -> None:
    task_id = task(assigned_to="sam@example.com")["id"]

    patched_task(task_id, status="cancelled", assigned_to="kim@example.com")

    assert tasks(status="open")["items"] == tasks(assigned_to="sam@example.com")["items"] == []
    for query in ({"status": "cancelled"}, {"assigned_to": "kim@example.com"}):
        assert [one["id"] for one in tasks(**query)["items"]] == [task_id]
    patched_task(task_id, assigned_to=None)
    assert tasks(assigned_to="kim@example.com")["items"] == []
    assert "gsi3pk" not in stored("Task")[0]


def test_what_changes_nothing_writes_nothing() -> None:
    made = task()

    assert patched_task(made["id"], title=made["title"]).etag == '"1"'


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", None),
        ("title", " "),
        ("status", None),
        ("status", "x"),
        ("due_at", "x"),
        ("lead_id", "X"),
        ("id", "X"),
    ],
)
def test_what_is_wrong_is_named(field: str, value: object) -> None:
    assert faults(patched_task(task()["id"], **{field: value})) == {field}


def test_a_change_of_what_somebody_has_changed_since_is_refused() -> None:
    made = task()
    assert patched_task(made["id"], '"1"', status="done").status == 200

    assert patched_task(made["id"], '"1"', status="open").status == 412
    assert patched_task(made["id"], '"nonsense"', status="open").status == 412
    assert patched_task(made["id"], '"2"', status="open").status == 200


@pytest.mark.parametrize("tags", ['"7", "1"', '"1","7"', 'W/"1", "nonsense"', '"7", "7", "1", "9"', "*"])
def test_of_several_versions_any_one_will_do(tags: str) -> None:
    assert patched_task(task()["id"], tags, status="done").status == 200


@pytest.mark.parametrize("tags", ['"7", "9"', '"7,1"', '"7", *', "", ","])
def test_where_none_of_several_is_the_version_nothing_changes(tags: str) -> None:
    assert patched_task(task()["id"], tags, status="done").status == 412


def test_versions_without_end_are_refused() -> None:
    made = task()
    assert patched_task(made["id"], ", ".join(f'"{number}"' for number in range(20)), status="done").status == 200
    assert patched_task(made["id"], ", ".join(f'"{number}"' for number in range(21)), status="open").status == 400


def test_of_two_changes_at_once_none_is_lost_and_if_match_is_kept() -> None:
    made = task()
    with interrupted(lambda: patched_task(made["id"], title="Theirs"), operation="PutItem"):
        answer = patched_task(made["id"], status="done")
    assert (answer.json["title"], answer.json["status"], answer.etag) == ("Theirs", "done", '"3"')

    with interrupted(lambda: patched_task(made["id"], title="Again theirs"), operation="PutItem"):
        assert patched_task(made["id"], '"3"', status="open").status == 412


def test_what_is_not_there_is_not_found() -> None:
    assert patched_task("NOBODY", status="done").status == 404
    assert call("tasks/update_task", {}, path={"task_id": task()["id"]}, scopes="tasks:read").status == 403
