"""Triggers that the clock and other systems set off, on the whole machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from local.client import Api
from tests.journeys.host import HostProcess

NewHost = Callable[..., HostProcess]
_PATIENCE_SECONDS = 30


def _published(api: Api, trigger_type: str, **config: Any) -> str:
    """A workflow with one trigger that tags whom it is about, in force."""
    workflow_id: str = api.post("/workflows", {"name": trigger_type})["id"]
    api.post(f"/workflows/{workflow_id}/triggers", {"trigger_type": trigger_type, "trigger_config": config})
    tag = {"action_type": "update_lead", "action_config": {"add_tags": [trigger_type]}}
    api.post(f"/workflows/{workflow_id}/actions", {**tag, "condition": {"field": "lead.email", "op": "exists"}})
    api.post(f"/workflows/{workflow_id}/activate")
    return workflow_id


def _runs(api: Api, workflow_id: str, *, at_least: int) -> list[dict[str, Any]]:
    """The ended runs of a workflow, oldest first, once there are so many."""
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < give_up:
        runs: list[dict[str, Any]] = api.get(f"/workflows/{workflow_id}/executions", params={"limit": 100})["items"]
        ended = [run for run in reversed(runs) if run["status"] != "running"]
        if len(ended) >= at_least:
            return ended
        time.sleep(0.1)
    raise AssertionError(f"{len(ended)} of {at_least} runs ended within {_PATIENCE_SECONDS} seconds")


def _moments(runs: list[dict[str, Any]]) -> list[str]:
    return [run["trigger_data"]["scheduled_at"] for run in runs]


def test_an_hourly_trigger_fires_every_second_for_each_lead_it_wants(api: Api) -> None:
    wanted = api.post("/leads", {"name": "Ada", "email": "clock@example.com", "source": "referral"})["id"]
    audience = {"field": "lead.email", "op": "eq", "value": "clock@example.com"}
    workflow_id = _published(api, "time_based", schedule="rate(1 hour)", audience=audience)

    runs = _runs(api, workflow_id, at_least=3)

    api.post(f"/workflows/{workflow_id}/pause")
    assert {run["lead_id"] for run in runs} == {wanted}
    assert {run["status"] for run in runs} == {"completed"}
    assert len(set(_moments(runs))) == len(runs)
    assert "time_based" in api.get(f"/leads/{wanted}")["tags"]


def test_a_killed_host_fires_what_it_slept_through_once(new_host: NewHost) -> None:
    host = new_host(TIME_SCALE="900")
    run = host.start()
    api = Api(run.api_url, run.admin_key)
    workflow_id = _published(api, "time_based", schedule="rate(1 hour)")
    before = _runs(api, workflow_id, at_least=1)
    host.kill()
    api.close()
    time.sleep(9)  # two moments and a part

    run = host.start()
    api = Api(run.api_url, run.admin_key)
    after = _runs(api, workflow_id, at_least=len(before) + 2)
    api.close()

    moments = _moments(after)
    assert moments[: len(before)] == _moments(before)
    assert len(set(moments)) == len(moments)
    assert max(run["trigger_data"]["missed"] for run in after) >= 1


@pytest.mark.parametrize("kind", ["json", "data"])
def test_a_hook_that_is_posted_again_and_again_runs_once_about_the_lead_it_names(api: Api, kind: str) -> None:
    lead = api.post("/leads", {"name": "Ada", "email": f"hook-{kind}@example.com"})["id"]
    workflow_id = _published(api, "webhook", match={"email": "body.email"})
    (trigger,) = api.get(f"/workflows/{workflow_id}/triggers")["items"]

    body: dict[str, Any] = {kind: {"email": f"hook-{kind}@example.com"}, "headers": {"X-Delivery-Id": "one"}}
    with httpx.Client(trust_env=False) as other_system, ThreadPoolExecutor(6) as at_once:
        answers = list(at_once.map(lambda _: other_system.post(trigger["url"], **body), range(12)))

    assert {answer.status_code for answer in answers} == {202}
    (run,) = _runs(api, workflow_id, at_least=1)
    assert [answer.json()["execution_id"] for answer in answers] == [run["id"]] * 12
    assert (run["lead_id"], run["trigger_data"]["matched"]) == (lead, True)
