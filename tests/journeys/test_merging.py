"""One person under two addresses: merged and separated while everything goes on, on this machine."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

from local.client import Api
from tests.journeys.host import HostProcess


def _lead(api: Api, name: str) -> str:
    return str(api.post("/leads", {"name": name, "email": f"{name}@merging.example"})["id"])


def _signal(api: Api, lead_id: str) -> None:
    api.post(f"/leads/{lead_id}/signals", {"signal_type": "website_visit", "score_impact": 1})


def _status(api: Api, path: str, body: dict[str, Any]) -> int:
    return api.request("POST", path, body).status_code


def test_merges_that_cross_leave_one_lead_and_every_signal_counts_once(api: Api) -> None:
    ada, other = _lead(api, "cross-a"), _lead(api, "cross-b")
    work: list[Callable[[], object]] = []
    for lead_id in (ada, other):
        work += [lambda lead_id=lead_id: _signal(api, lead_id)] * 10  # type: ignore[misc]
    crossing = [(ada, other), (other, ada)] * 3
    with ThreadPoolExecutor(8) as pool:
        signals = [pool.submit(one) for one in work[:10]]
        merges = [pool.submit(_status, api, f"/leads/{a}/merge", {"source_lead_id": b}) for a, b in crossing]
        signals += [pool.submit(one) for one in work[10:]]
        statuses = [one.result() for one in merges]
        for one in signals:
            one.result()

    lead = api.get(f"/leads/{ada}")
    assert lead == api.get(f"/leads/{other}")
    assert lead["score"] == 20
    assert sorted(statuses) == [200, 200, 200, 409, 409, 409]
    assert len(api.every(f"/leads/{other}/signals")) == 20


def test_a_merge_outlives_a_kill_and_can_still_be_undone(new_host: Callable[..., HostProcess]) -> None:
    host = new_host()
    run = host.start()
    with closing(Api(run.api_url, run.admin_key)) as api:
        ada, other = _lead(api, "kill-a"), _lead(api, "kill-b")
        _signal(api, other)
        merge_id = api.post(f"/leads/{ada}/merge", {"source_lead_id": other})["merge_id"]
        _signal(api, other)
    host.kill()
    run = host.start()
    with closing(Api(run.api_url, run.admin_key)) as api:
        assert (api.get(f"/leads/{other}")["id"], api.get(f"/leads/{ada}")["score"]) == (ada, 2)
        assert [lead["id"] for lead in api.every("/leads")] == [ada]
        result = api.post(f"/leads/{ada}/unmerge", {"merge_id": merge_id})
        assert (result["lead"]["score"], result["source_lead"]["score"]) == (0, 2)
        assert {lead["id"] for lead in api.every("/leads")} == {ada, other}
