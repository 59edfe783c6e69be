"""How late what waits is: runs that all wait for one moment, on the one-machine host. Once it is at work when the
moment comes; once it is ended by SIGKILL before it, timers and running state machines with it, and started again after
it, and then late is counted from when it was ready.

BENCH_TIMERS says how many runs (default 1000). All of them wake at once, so most are late by the work of the others.
"""

from __future__ import annotations

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local.client import Api, Run
from tests.benchmarks import report
from tests.journeys.host import HostProcess

_CALLERS = 8
_STARTS_A_SECOND = 20
_SETTLE_SECONDS = 20
_PATIENCE_SECONDS = 600


def main(rounds: int) -> None:
    """Every run is one case of its kind, so one round does."""
    count = int(os.environ.get("BENCH_TIMERS", "1000"))
    rows = []
    for name, killed in (("at work", False), ("killed before, started after", True)):
        with tempfile.TemporaryDirectory() as place:
            host = HostProcess(Path(place) / "data")
            try:
                late = _lateness(host, count, killed)
            finally:
                host.kill()
        rows.append([name, f"{len(late):,}", *(f"{_part(late, share):.1f}" for share in (0.5, 0.99, 1))])
    columns = ["the host", "runs that waited and went on, once each", "p50 s late", "p99 s late", "all after s"]
    report.table(f"{count:,} runs due at one moment", columns, rows)
    report.note(f"BENCH_TIMERS={count}")


def _lateness(host: HostProcess, count: int, killed: bool) -> list[float]:
    """Seconds by which each run went on after the moment, in order; of a host that was killed, after its start."""
    run = host.start()
    due = datetime.now(UTC) + timedelta(seconds=count / _STARTS_A_SECOND + _SETTLE_SECONDS)
    workflow = _waiting(run, due, count)
    if killed:
        host.kill()
        time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
        run = host.start()
        due = datetime.now(UTC)
    ended = _all_ended(run, workflow, count)
    return sorted((_moment(one["completed_at"]) - due).total_seconds() for one in ended)


def _waiting(run: Run, due: datetime, count: int) -> str:
    """The id of a workflow of which so many runs wait until then."""
    api = Api(run.api_url, run.admin_key)
    workflow: str = api.call("POST", "/workflows", {"name": "Waits"})["id"]
    api.call("POST", f"/workflows/{workflow}/triggers", {"trigger_type": "appointment_scheduled"})
    config = {"until": due.isoformat().replace("+00:00", "Z")}
    api.call("POST", f"/workflows/{workflow}/actions", {"action_type": "wait", "action_config": config})
    api.call("POST", f"/workflows/{workflow}/activate")

    def start(_: int) -> None:
        api.call("POST", f"/workflows/{workflow}/run", {})

    with ThreadPoolExecutor(_CALLERS) as callers:
        list(callers.map(start, range(count)))
    api.close()
    if datetime.now(UTC) >= due:
        raise SystemExit(f"{count} runs could not be started before they were due; ask for fewer by BENCH_TIMERS")
    return workflow


def _all_ended(run: Run, workflow: str, count: int) -> list[dict[str, Any]]:
    """The runs, when all of them have ended well."""
    api = Api(run.api_url, run.admin_key)
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while api.call("GET", f"/workflows/{workflow}")["success_count"] < count:
        if time.monotonic() > give_up:
            raise SystemExit(f"not all of {count} runs ended within {_PATIENCE_SECONDS} seconds")
        time.sleep(1)
    ended = list(api.every(f"/workflows/{workflow}/executions"))
    api.close()
    if len(ended) != count or any(one["status"] != "completed" for one in ended):
        raise SystemExit(f"{len(ended)} runs instead of {count}, or some that failed")
    return ended


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _part(late: list[float], share: float) -> float:
    return late[min(len(late) - 1, int(len(late) * share))]
