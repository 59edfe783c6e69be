"""POST /tasks."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.activities.schema import Task
from leadflow.core import aws
from tests.functional.activities.plans import faults, task, tasks
from tests.functional.leads.people import added
from tests.functional.wire import interrupted, refused, stored
from tests.harness import Clock, call


def create(body: Any, **more: Any) -> Any:
    return call("tasks/create_task", body, **more)


def test_a_task_is_kept_as_it_was_given(clock: Clock) -> None:
    lead_id = added()["id"]
    body = {
        "lead_id": lead_id,
        "title": "  Call back ",
        "description": "About the offer",
        "due_at": "2026-03-04T10:00:00+01:00",
        "assigned_to": "sam@example.com",
    }

    answer = create(body)

    assert answer.status == 201
    assert answer.headers["location"] == f"/tasks/{answer.json['id']}"
    assert answer.etag == '"1"'
    Task.model_validate(answer.json)
    assert answer.json == {
        **body,
        "id": answer.json["id"],
        "title": "Call back",
        "due_at": "2026-03-04T09:00:00.000Z",
        "status": "open",
        "created_by_execution": None,
        "created_at": "2026-03-02T09:00:00.000Z",
        "updated_at": "2026-03-02T09:00:00.000Z",
    }
    assert call("tasks/get_task", path={"task_id": answer.json["id"]}).json == answer.json


def test_a_title_is_enough() -> None:
    made = task(description="", assigned_to=" ")

    assert {name for name, value in made.items() if value is None} == {
        *("lead_id", "description", "due_at", "assigned_to", "created_by_execution"),
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "x" * 201),
        ("title", None),
        ("title", "a\x00b"),
        ("description", "x" * 5001),
        ("due_at", "tomorrow"),
        ("due_at", "2026-03-04T09:00:00"),
        ("due_at", "1999-12-31T23:59:59Z"),
        ("due_at", "2200-01-01T00:00:00Z"),
        ("due_at", "0001-01-01T00:00:00+10:00"),
        ("status", "later"),
        ("assigned_to", "x" * 101),
        ("lead_id", ""),
        ("lead_id", "x" * 65),
        ("lead_id", 7),
        ("created_by_execution", "W"),
        ("id", "W"),
    ],
)
def test_what_is_wrong_is_named(field: str, value: object) -> None:
    assert faults(create({"title": "Call", field: value})) == {field}
    assert stored("Task") == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"'])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    assert create(body).status in (400, 422)


def test_a_lead_that_is_not_there_is_refused() -> None:
    lead_id = added()["id"]
    assert call("leads/erase_lead", path={"lead_id": lead_id}).status == 202

    for nobody in ("NOBODY", lead_id):
        assert faults(create({"title": "Call", "lead_id": nobody})) == {"lead_id"}
    assert stored("Task") == []


def test_a_lead_that_is_erased_at_the_same_moment_gets_no_task() -> None:
    lead_id = added()["id"]

    with interrupted(lambda: call("leads/erase_lead", path={"lead_id": lead_id})):
        answer = create({"title": "Call", "lead_id": lead_id})

    assert faults(answer) == {"lead_id"}
    assert stored("Task") == []


def test_the_scope_is_needed() -> None:
    assert create({"title": "Call"}, scopes="tasks:read leads:write").status == 403
    assert create({"title": "Call"}, scopes="tasks:write").status == 201


def test_the_same_request_twice_makes_one_task() -> None:
    body, headers = {"title": "Call", "lead_id": added()["id"]}, {"idempotency-key": "k"}
    first = create(body, headers=headers)
    second = create(body, headers=headers)

    assert second.json == first.json
    assert second.headers["idempotency-replayed"] == "true"
    assert len(stored("Task")) == 1


def test_a_try_that_died_after_writing_is_found() -> None:
    """The first try of a request has written the task but not its answer; the second finds it."""
    body, headers = {"title": "Call", "lead_id": added()["id"]}, {"idempotency-key": "k"}
    first = create(body, headers=headers)
    [raw] = stored("IdempotentRequest")
    for name in ("status", "body", "headers", "content_type", "gsi2pk", "gsi2sk"):
        raw.pop(name, None)
    raw["lease_until"] = {"S": "2026-01-01T00:00:00.000Z"}
    aws.client("dynamodb").put_item(TableName="leadflow-test", Item=raw)
    second = create(body, headers=headers)

    assert second.status == 201
    assert second.json == first.json
    assert len(stored("Task")) == 1


def test_others_in_the_way_for_a_moment_are_waited_out_and_for_long_are_told() -> None:
    lead_id = added()["id"]
    with refused(["TransactionConflict", "None"], times=3):
        assert create({"title": "Call", "lead_id": lead_id}).etag == '"1"'
    with refused(["TransactionConflict", "None"], times=24):
        answer = create({"title": "Call", "lead_id": lead_id})
    assert answer.status == 429
    assert answer.headers["retry-after"]
    assert len(tasks()["items"]) == 1


def test_an_assignee_is_in_no_key() -> None:
    task(assigned_to="sam@example.com")

    [item] = stored("Task")
    keys = [value for name, value in item.items() if name.endswith(("pk", "sk"))]
    assert len(keys) == 6
    assert "sam" not in repr(keys).lower()
