"""GET /tasks."""

from __future__ import annotations

from typing import Any

from tests.functional.activities.plans import patched_task, task, tasks, walked
from tests.functional.leads.people import added
from tests.harness import Clock, call

SAM, KIM = "Sam@Example.com", "kim@example.com"


def several(clock: Clock, count: int, **fields: Any) -> list[str]:
    """Ids of new tasks, oldest first, a second apart."""
    made = []
    for _ in range(count):
        clock.advance(seconds=1)
        made.append(task(**fields)["id"])
    return made


def test_newest_first_page_by_page(clock: Clock) -> None:
    made = several(clock, 7)

    for limit in ("1", "3", "7", "100"):
        assert walked(tasks, limit=limit) == made[::-1]


def test_all_filters_given_must_match(clock: Clock) -> None:
    ada, bob = added()["id"], added("bob@example.com")["id"]
    plain = several(clock, 3)
    of_ada = several(clock, 3, lead_id=ada, assigned_to=SAM)
    of_bob = several(clock, 3, lead_id=bob, assigned_to=KIM)
    for task_id in (plain[0], of_ada[1], of_bob[2]):
        patched_task(task_id, status="done")

    assert walked(tasks, limit="2", lead_id=ada) == of_ada[::-1]
    assert walked(tasks, limit="2", assigned_to=KIM) == of_bob[::-1]
    assert walked(tasks, limit="2", assigned_to=SAM.upper()) == of_ada[::-1]
    assert walked(tasks, limit="2", status="done") == [of_bob[2], of_ada[1], plain[0]]
    assert walked(tasks, limit="1", status="open", lead_id=ada) == [of_ada[2], of_ada[0]]
    assert walked(tasks, limit="1", status="open", assigned_to=SAM) == [of_ada[2], of_ada[0]]
    assert walked(tasks, lead_id=ada, assigned_to=KIM) == walked(tasks, status="cancelled") == []
    assert walked(tasks, lead_id="NOBODY") == walked(tasks, assigned_to="sam") == []


def test_a_list_of_one_lead_shows_nothing_else_of_it(clock: Clock) -> None:
    lead_id = added()["id"]
    made = several(clock, 2, lead_id=lead_id)
    body = {"lead_id": lead_id, "title": "Demo", "scheduled_at": "2026-03-04T09:00:00Z"}
    assert call("appointments/create_appointment", body, headers={"idempotency-key": "k"}).status == 201

    assert walked(tasks, lead_id=lead_id, limit="1") == made[::-1]


def test_a_cursor_belongs_to_its_list(clock: Clock) -> None:
    several(clock, 3)
    cursor = tasks(limit="1")["next_cursor"]

    for query in ({"status": "open"}, {"assigned_to": SAM}):
        assert call("tasks/list_tasks", query={**query, "cursor": cursor}).status == 400
    assert call("appointments/list_appointments", query={"cursor": cursor}).status == 400
    assert call("tasks/list_tasks", query={"cursor": cursor + "x"}).status == 400


def test_what_is_wrong_is_named() -> None:
    for name, value in (("status", "later"), ("limit", "0"), ("assigned_to", " "), ("lead_id", "x" * 65), ("due", "x")):
        answer = call("tasks/list_tasks", query={name: value})
        assert answer.status == 422
        assert [error["field"] for error in answer.json["errors"]] == [name]
    assert call("tasks/list_tasks", scopes="tasks:write").status == 403
