"""What a delivery takes: calls of AWS, counted; and on the one-machine mode how long a door takes and how many posts a
second it answers, beside the reading of one record.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from local.client import Api, Run
from tests.benchmarks import deliveries, report
from tests.journeys.deliveries import Senders, deliver
from tests.journeys.host import HostProcess

_POSTS_A_ROUND = 100
_PEOPLE = 20


def main(rounds: int) -> None:
    """Each case has a hundred posts a round, by one sender at a time and by fifty."""
    deliveries.count()
    with tempfile.TemporaryDirectory() as name:
        host = HostProcess(Path(name) / "data")
        try:
            _measure(host, host.start(), rounds * _POSTS_A_ROUND)
        finally:
            host.kill()


def _measure(host: HostProcess, run: Run, count: int) -> None:
    api = Api(run.api_url, run.admin_key)
    channels = api.every("/channels")
    senders = Senders(host.data_dir, channels)
    api.close()
    record, key = f"/channels/{channels[0]['id']}", {"authorization": f"Bearer {run.admin_key}"}
    with httpx.Client(base_url=run.api_url, timeout=60, trust_env=False) as client:

        def read(_: int) -> float:
            begun = time.perf_counter()
            client.get(record, headers=key).raise_for_status()
            return time.perf_counter() - begun

        def sms(number: int) -> float:
            return deliver(client, senders.sms(number % _PEOPLE, number))

        def messenger(number: int) -> float:
            return deliver(client, senders.messenger(number % _PEOPLE, number))

        rows, begin = [], 0
        for at_once in (1, 50):
            base = 0.0
            for name, ask in (("GET /channels/{id}", read), ("Twilio message", sms), ("Meta event", messenger)):
                row, middle = _row(name, ask, at_once, range(begin, begin + count))
                base = base or middle
                rows.append([*row, report.ratio(middle, base)])
            begin += count
    columns = ["request", "at once", "p50 ms", "p99 ms", "per second", "p50 to GET"]
    report.table(f"Webhook doors, {count} posts each, workers at work beside them", columns, rows)


def _row(name: str, ask: Callable[[int], float], at_once: int, numbers: range) -> tuple[list[str], float]:
    begun = time.perf_counter()
    with ThreadPoolExecutor(at_once) as crowd:
        taken = sorted(crowd.map(ask, numbers))
    took = time.perf_counter() - begun
    middle, last = taken[len(taken) // 2], taken[len(taken) * 99 // 100]
    figures = [report.milliseconds(middle), report.milliseconds(last), f"{len(taken) / took:.0f}"]
    return [name, str(at_once), *figures], middle
