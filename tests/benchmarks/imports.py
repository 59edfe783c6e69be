"""Rows a second of an import on the one-machine mode: a file of 3,000 new leads with address and phone number."""

from __future__ import annotations

import tempfile
import time
from contextlib import closing
from pathlib import Path

import httpx

from local.client import Api
from tests.benchmarks import report
from tests.journeys.host import HostProcess

_ROWS = 3_000
_PATIENCE_SECONDS = 120


def main(rounds: int) -> None:
    """One file: it is long enough."""
    with tempfile.TemporaryDirectory() as name:
        host = HostProcess(Path(name) / "data")
        try:
            run = host.start()
            with closing(Api(run.api_url, run.admin_key)) as api:
                seconds, memory = _imported(api), _peak_mb(run.pid)
        finally:
            host.kill()
    rows = [[f"{_ROWS:,}", f"{seconds:.1f}", f"{_ROWS / seconds:,.0f}", f"{memory:.0f}"]]
    report.table("An import on the one-machine mode", ["rows", "seconds", "rows a second", "peak MB of the host"], rows)
    report.figure("rows_a_second", round(_ROWS / seconds))


def _imported(api: Api) -> float:
    lines = (f"p{number}@example.com,Person {number},+44207{1000000 + number}" for number in range(_ROWS))
    content = "\n".join(["email,name,phone", *lines]).encode()
    job = api.post("/imports")
    began = time.perf_counter()
    httpx.put(job["upload_url"], content=content, trust_env=False).raise_for_status()
    while time.perf_counter() - began < _PATIENCE_SECONDS:
        found = api.get(f"/imports/{job['id']}")
        if found["status"] in ("completed", "failed"):
            assert found["created"] == _ROWS, found
            return time.perf_counter() - began
        time.sleep(0.05)
    raise AssertionError(f"the import took longer than {_PATIENCE_SECONDS} seconds")


def _peak_mb(pid: int) -> float:
    """The most memory a process has had, in MB; 0 where the system does not say."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
