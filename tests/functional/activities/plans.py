"""Tasks and appointments over their own doors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.harness import Answer, call

SAM = "sam@example.com"
Page = dict[str, Any]


def task(**fields: Any) -> dict[str, Any]:
    """A new task, as the API answered it."""
    answer = call("tasks/create_task", {"title": "Call back", **fields})
    assert answer.status == 201, answer.text
    made: dict[str, Any] = answer.json
    return made


def patched_task(task_id: str, if_match: str | None = None, **changes: Any) -> Answer:
    headers = {} if if_match is None else {"if-match": if_match}
    return call("tasks/update_task", changes, path={"task_id": task_id}, headers=headers)


def tasks(**query: str) -> Page:
    return _listed("tasks/list_tasks", query)


def asked(lead_id: str, at: str = "2026-03-04T09:00:00Z", /, **fields: Any) -> Answer:
    """What comes of asking for an appointment: an hour of Sam's unless said otherwise."""
    body = {"lead_id": lead_id, "title": "Demo", "scheduled_at": at, "duration_minutes": 60, "assigned_to": SAM}
    return call("appointments/create_appointment", {**body, **fields})


def appointment(lead_id: str, at: str = "2026-03-04T09:00:00Z", /, **fields: Any) -> dict[str, Any]:
    """A new appointment, as the API answered it."""
    answer = asked(lead_id, at, **fields)
    assert answer.status == 201, answer.text
    made: dict[str, Any] = answer.json
    return made


def patched(appointment_id: str, if_match: str | None = None, **changes: Any) -> Answer:
    headers = {} if if_match is None else {"if-match": if_match}
    return call("appointments/update_appointment", changes, path={"appointment_id": appointment_id}, headers=headers)


def appointments(**query: str) -> Page:
    return _listed("appointments/list_appointments", query)


def walked(listed: Callable[..., Page], **query: str) -> list[str]:
    """The ids of all pages of a list, one after the other."""
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = listed(**query, **({"cursor": cursor} if cursor else {}))
        assert len(page["items"]) <= int(query.get("limit", "25"))
        found += [record["id"] for record in page["items"]]
        cursor = page["next_cursor"]
    return found


def faults(answer: Answer) -> set[str]:
    """The fields that an answer of 422 names."""
    assert answer.status == 422, answer.text
    return {error["field"] for error in answer.json["errors"]}


def _listed(name: str, query: dict[str, str]) -> Page:
    answer = call(name, query=query)
    assert answer.status == 200, answer.text
    page: Page = answer.json
    return page
