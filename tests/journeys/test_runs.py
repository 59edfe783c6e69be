"""A run as people live it, on the whole machine: thought through, waiting in every way, failed, gone on, cancelled."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from local.client import Api

_PATIENCE_SECONDS = 30
ALL_DAY = {"from": "00:00", "to": "24:00", "timezone": "UTC"}
QUALIFIED: dict[str, Any] = {"for_event": "lead_status_changed", "event_config": {"to": "qualified"}}


def _added(api: Api, workflow_id: str, order: int, kind: str, config: dict[str, Any], **more: Any) -> str:
    body = {"action_type": kind, "action_config": config, "order": order, **more}
    return str(api.post(f"/workflows/{workflow_id}/actions", body)["id"])


def _until(found: Callable[[], Any]) -> Any:
    """What is found, once it is there."""
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < give_up:
        if value := found():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {_PATIENCE_SECONDS} seconds")


def _logs(api: Api, execution_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = api.get(f"/executions/{execution_id}/logs", params={"limit": 100})["items"]
    return items


def _at(api: Api, execution_id: str, action_id: str) -> Any:
    """The log of an action that is under way, once it is."""
    return _until(
        lambda: [log for log in _logs(api, execution_id) if (log["action_id"], log["status"]) == (action_id, "running")]
    )


def _ended(api: Api, execution_id: str) -> dict[str, Any]:
    record: dict[str, Any] = _until(
        lambda: next((one for one in [api.get(f"/executions/{execution_id}")] if one["status"] != "running"), None)
    )
    return record


@pytest.fixture
def lead_id(api: Api) -> str:
    return str(api.post("/leads", {"name": "Ada", "email": f"runs{time.time_ns()}@example.com"})["id"])


def test_a_run_goes_as_it_was_thought_through_every_wait_and_on_from_where_it_failed(api: Api, lead_id: str) -> None:
    workflow_id = api.post("/workflows", {"name": "Every wait"})["id"]
    _added(api, workflow_id, 0, "update_lead", {"add_tags": ["one"]})
    _added(api, workflow_id, 1, "wait", {"hours": 1})
    event = _added(api, workflow_id, 2, "wait", {**QUALIFIED, "timeout_hours": 8_000})
    _added(api, workflow_id, 3, "wait", {"minutes": 0, "window": ALL_DAY})
    form = _added(api, workflow_id, 4, "wait", {"for_event": "form_submitted", "timeout_hours": 1})
    timed_out = {"field": f"actions.{form}.output.timed_out", "op": "eq", "value": True}
    gate = _added(api, workflow_id, 5, "condition", {"if": timed_out})
    for side, tag in (("yes", "late"), ("no", "in-time")):
        place = {"parent_action_id": gate, "condition": {"branch": side}}
        _added(api, workflow_id, 0, "update_lead", {"add_tags": [tag]}, **place)
    renewal = _added(api, workflow_id, 6, "wait", {"until": "lead.custom.renewal_at"})
    _added(api, workflow_id, 7, "update_lead", {"add_tags": ["end"]})
    api.post(f"/workflows/{workflow_id}/activate")
    told = [{"event": "lead_status_changed", "after_minutes": 90, "data": {"from": "new", "to": "qualified"}}]
    thought = api.post(f"/workflows/{workflow_id}/simulate", {"lead_id": lead_id, "events": told})

    run_id = api.post(f"/workflows/{workflow_id}/run", {"lead_id": lead_id})["id"]
    _at(api, run_id, event)
    api.patch(f"/leads/{lead_id}", {"status": "qualified"})
    failed = _ended(api, run_id)

    assert (thought["status"], thought["error_message"]) == (failed["status"], failed["error_message"])
    names = ("action_id", "status", "reason", "error_message", "attempt")
    logs = _logs(api, run_id)
    assert [[entry[name] for name in names] for entry in thought["trace"]] == [
        [log[name] for name in names] for log in logs
    ]
    assert (failed["status"], logs[-1]["action_id"]) == ("failed", renewal)
    assert api.get(f"/leads/{lead_id}")["tags"] == ["one", "late"]

    api.patch(f"/leads/{lead_id}", {"tags": [], "custom": {"renewal_at": "2026-01-01T00:00:00Z"}})
    api.post(f"/executions/{run_id}/retry", {})
    assert _ended(api, run_id)["status"] == "completed"
    assert api.get(f"/leads/{lead_id}")["tags"] == ["end"]
    assert [(log["status"], log["visit"]) for log in _logs(api, run_id)[-3:]] == [
        ("failed", 1),
        ("completed", 2),
        ("completed", 1),
    ]


@pytest.mark.parametrize("wait", [{"days": 300}, {**QUALIFIED, "timeout_hours": 8_000}])
def test_a_run_is_cancelled_while_it_waits_and_nothing_wakes_it(api: Api, lead_id: str, wait: dict[str, Any]) -> None:
    workflow_id = api.post("/workflows", {"name": "Cancelled"})["id"]
    waiting = _added(api, workflow_id, 0, "wait", wait)
    _added(api, workflow_id, 1, "update_lead", {"add_tags": ["never"]})
    api.post(f"/workflows/{workflow_id}/activate")
    run_id = api.post(f"/workflows/{workflow_id}/run", {"lead_id": lead_id})["id"]
    _at(api, run_id, waiting)

    cancelled = api.post(f"/executions/{run_id}/cancel")
    api.patch(f"/leads/{lead_id}", {"status": "qualified"})
    probe = api.post(f"/workflows/{workflow_id}/run", {"lead_id": lead_id})["id"]
    _at(api, probe, waiting)
    api.post(f"/executions/{probe}/cancel")

    assert cancelled["status"] == api.get(f"/executions/{run_id}")["status"] == "cancelled"
    [log] = _logs(api, run_id)
    assert (log["status"], log["reason"]) == ("skipped", "The run was cancelled while it waited.")
    assert api.get(f"/leads/{lead_id}")["tags"] == []
