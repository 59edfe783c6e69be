"""Workflows that are changed while they run: by many at once, and with the host killed between two versions."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

from local.client import Api, Run
from tests.journeys.host import HostProcess

PATIENCE = 90
EDITORS = 6


def until(check: Callable[[], Any], what: str) -> Any:
    """What `check` gives once it gives something."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        found = check()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come within {PATIENCE} seconds")


def insist(api: Api, path: str, body: Any = None) -> Any:
    """A POST that is sent again as long as the answer is 429, as a client should."""
    while True:
        answer = api.request("POST", path, body)
        if answer.status_code != 429:
            assert answer.is_success, answer.text
            return answer.json()
        time.sleep(int(answer.headers["retry-after"]))


def test_a_crowd_of_edits_and_activations_loses_nothing(run: Run) -> None:
    with closing(Api(run.api_url, run.admin_key)) as api:
        path = f"/workflows/{api.post('/workflows', {'name': 'Crowd'})['id']}"
        api.post(f"{path}/actions", {"action_type": "wait", "action_config": {"minutes": 1}})

        def edit(number: int) -> int:
            with closing(Api(run.api_url, run.admin_key)) as mine:
                body = {"action_type": "update_lead", "action_config": {"add_tags": [f"t{number}"]}, "order": number}
                insist(mine, f"{path}/actions", body)
                version: int = insist(mine, f"{path}/activate")["version"]
                return version

        with ThreadPoolExecutor(EDITORS) as crowd:
            versions = sorted(crowd.map(edit, range(EDITORS)))
        assert versions == list(range(1, EDITORS + 1))
        assert len(api.get(path)["actions"]) == EDITORS + 1
        lead = api.post("/leads", {"name": "Grace", "email": "grace.crowd@example.com"})
        begun = api.post(f"{path}/run", {"lead_id": lead["id"]})
        assert begun["workflow_version"] == EDITORS
        until(lambda: api.get(f"/executions/{begun['id']}")["status"] == "completed", "the end of the run")
        assert sorted(api.get(f"/leads/{lead['id']}")["tags"]) == [f"t{number}" for number in range(EDITORS)]


def test_a_run_that_waits_follows_through_a_kill_of_the_host(new_host: Callable[..., HostProcess]) -> None:
    host = new_host(TIME_SCALE="3600")
    run = host.start()
    with closing(Api(run.api_url, run.admin_key)) as api:
        workflow_id = api.post("/workflows", {"name": "Follow"})["id"]
        path = f"/workflows/{workflow_id}"
        for order, (kind, config) in enumerate(
            [("update_lead", {"add_tags": ["one"]}), ("wait", {"hours": 8}), ("update_lead", {"add_tags": ["old"]})]
        ):
            body = {"action_type": kind, "action_config": config, "order": order}
            last = api.post(f"{path}/actions", body)["id"]
        api.post(f"{path}/triggers", {"trigger_type": "lead_created"})
        api.post(f"{path}/activate")
        lead_id = api.post("/leads", {"name": "Ada", "email": "ada.follow@example.com"})["id"]
        until(lambda: api.get(f"/leads/{lead_id}")["tags"] == ["one"], "the first tag")
        [begun] = api.get(f"{path}/executions")["items"]
        api.patch(f"{path}/actions/{last}", {"action_config": {"add_tags": ["new"]}})
        api.post(f"{path}/activate", {"running": "follow"})
    host.kill()
    again = host.start()
    with closing(Api(again.api_url, again.admin_key)) as api:
        until(lambda: api.get(f"/executions/{begun['id']}")["status"] == "completed", "the end of the run")
        assert api.get(f"/leads/{lead_id}")["tags"] == ["one", "new"]
        logs = api.get(f"/executions/{begun['id']}/logs")["items"]
        assert [(log["status"], log["workflow_version"]) for log in logs] == [("completed", 1)] * 2 + [("completed", 2)]
        drawn = api.request("GET", f"{path}/diagram", params={"execution_id": begun["id"]})
        assert drawn.headers["content-type"] == "image/svg+xml"
        assert drawn.text.count('class="completed"') == 5
        api.post(f"{path}/archive")
        api.delete(path, expect=204)
        api.get(path, expect=404)
