"""Files of leads in and out of the one-machine mode, which dies twice on the way."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import httpx

from local.client import Api
from tests.journeys.host import HostProcess
from tests.journeys.waiting import when

ROWS = 1_500
_PATIENCE_SECONDS = 120


def _file() -> bytes:
    lines = [
        f"p{number % 1400}@example.com,Person {number} 🦄,+44207{1000000 + number % 1400},{number % 50}"
        if number % 100
        else f",Nobody {number},,"
        for number in range(ROWS)
    ]
    return "\n".join(["E-mail,Full name,Phone number,Shoe size", *lines]).encode()


def _is_over(job: dict[str, Any]) -> bool:
    return job["status"] in ("completed", "failed")


def _further_than(rows: int) -> Callable[[dict[str, Any]], bool]:
    return lambda job: job["total"] > rows or _is_over(job)


def test_a_file_is_imported_once_though_the_host_dies_twice(new_host: Callable[..., HostProcess]) -> None:
    host = new_host()
    path, before = "", 0
    for deaths in range(3):
        run = host.start()
        with closing(Api(run.api_url, run.admin_key)) as api:
            if not deaths:
                job = api.post("/imports")
                assert httpx.put(job["upload_url"], content=_file(), trust_env=False).status_code == 200
                path = f"/imports/{job['id']}"
            if deaths < 2:
                before = when(api, path, _further_than(before), seconds=_PATIENCE_SECONDS)["total"]
                host.kill()
                continue
            done = when(api, path, _is_over, seconds=_PATIENCE_SECONDS)
            leads = api.every("/leads")

    counts = {name: done[name] for name in ("status", "total", "created", "updated", "skipped", "failed")}
    # 15 rows have no address; of the last 100 rows, whose addresses came before, one is among those.
    assert counts == {"status": "completed", "total": ROWS, "created": 1386, "updated": 0, "skipped": 99, "failed": 15}
    assert {(error["field"], error["message"]) for error in done["errors"]} == {("email", "Field required")}
    assert len({lead["email"] for lead in leads}) == len(leads) == 1386
