"""Appointments over real HTTP: asked for by many at the same moment, and what they cause, also over a kill."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from local.client import Api, Run
from tests.journeys.host import HostProcess

AT_ONCE = 50
_PATIENCE_SECONDS = 30


@pytest.fixture
def crowd() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        yield pool


def _lead(api: Api, name: str) -> str:
    return str(api.post("/leads", {"name": name, "email": f"{name.lower()}@activities.example.com"})["id"])


def _meeting(lead_id: str, at: str, **fields: Any) -> dict[str, Any]:
    body = {"lead_id": lead_id, "title": "Demo", "scheduled_at": at, "duration_minutes": 30, "assigned_to": "Sam"}
    return {**body, **fields}


def _asked(api: Api, crowd: ThreadPoolExecutor, bodies: list[dict[str, Any]]) -> list[tuple[int, Any]]:
    answers = crowd.map(lambda body: api.request("POST", "/appointments", body), bodies)
    return [(answer.status_code, answer.json()) for answer in answers]


def _prepares(api: Api) -> None:
    """A workflow that makes a task for every appointment, an hour after it was made."""
    workflow_id = api.post("/workflows", {"name": "Prepares"})["id"]
    api.post(f"/workflows/{workflow_id}/triggers", {"trigger_type": "appointment_scheduled"})
    for order, (kind, config) in enumerate(
        (("wait", {"hours": 1}), ("create_task", {"title": "Prepare for {{ lead.name }}", "due_in_hours": 2}))
    ):
        action = {"action_type": kind, "action_config": config, "order": order}
        api.post(f"/workflows/{workflow_id}/actions", action)
    api.post(f"/workflows/{workflow_id}/activate")


def _eventually(look: Callable[[], Any]) -> Any:
    """What `look` gives once it gives something."""
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < give_up:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"nothing came of it in {_PATIENCE_SECONDS} seconds")


def test_of_fifty_who_want_one_time_at_once_one_gets_it(api: Api, crowd: ThreadPoolExecutor) -> None:
    lead_id = _lead(api, "Fifty")

    answers = _asked(api, crowd, [_meeting(lead_id, "2026-05-04T23:45:00Z")] * AT_ONCE)

    assert Counter(status for status, _ in answers) == {201: 1, 409: AT_ONCE - 1}
    [winner] = [answer["id"] for status, answer in answers if status == 201]
    assert {answer["other_id"] for status, answer in answers if status == 409} == {winner}
    assert [one["id"] for one in api.every("/appointments", lead_id=lead_id)] == [winner]


def test_all_of_a_days_times_are_had_when_they_are_asked_for_at_once(api: Api, crowd: ThreadPoolExecutor) -> None:
    lead_id = _lead(api, "Busy")
    times = [f"2026-05-06T{number // 2:02d}:{number % 2 * 30:02d}:00Z" for number in range(48)]

    def asked_again(body: dict[str, Any]) -> int:
        """As any client would that is told to come back."""
        for _ in range(20):
            answer = api.request("POST", "/appointments", body)
            if answer.status_code != 429:
                return answer.status_code
            time.sleep(float(answer.headers["retry-after"]))
        return 429

    bodies = [_meeting(lead_id, at) for at in times]
    assert set(crowd.map(asked_again, bodies)) == {201}

    assert {status for status, _ in _asked(api, crowd, bodies)} == {409}
    found = api.every("/appointments", **{"from": "2026-05-06", "to": "2026-05-07", "assigned_to": "sam"})
    assert len(found) == 48
    [first] = [one for one in found if one["scheduled_at"] == "2026-05-06T00:00:00.000Z"]
    api.patch(f"/appointments/{first['id']}", {"status": "cancelled"})
    assert Counter(status for status, _ in _asked(api, crowd, [bodies[0]] * 10)) == {201: 1, 409: 9}


def test_an_appointment_causes_one_task_also_when_the_host_dies(new_host: Callable[..., HostProcess]) -> None:
    host = new_host(TIME_SCALE="3600")

    def connected(run: Run) -> Api:
        return Api(run.api_url, run.admin_key)

    with closing(connected(host.start())) as api:
        _prepares(api)
        lead_id = _lead(api, "Ada")
        meeting = api.post("/appointments", _meeting(lead_id, "2026-05-04T09:00:00Z"))
        host.kill()
    with closing(connected(host.start())) as api:
        _eventually(lambda: api.get("/tasks")["items"])
        host.kill()
    with closing(connected(host.start())) as api:
        kinds = {"appointment", "task", "execution"}

        def ended() -> Any:
            entries = api.get(f"/leads/{lead_id}/timeline")["items"]
            return [one for one in entries if one["kind"] == "execution" and one["data"]["status"] == "completed"]

        [run] = _eventually(ended)
        [task] = api.every("/tasks")
        entries = api.get(f"/leads/{lead_id}/timeline")["items"]
        assert {entry["kind"] for entry in entries} == kinds
        assert len(entries) == len(kinds)
        assert (task["title"], task["created_by_execution"]) == ("Prepare for Ada", run["id"])
        assert run["data"]["trigger_data"]["appointment_id"] == meeting["id"]
        taken = api.call("POST", "/appointments", _meeting(lead_id, "2026-05-04T09:15:00Z"), expect=409)
        assert taken["other_id"] == meeting["id"]
