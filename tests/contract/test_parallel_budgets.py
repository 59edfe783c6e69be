"""A budget under real threads, on the emulator's table: used up to the last call, and not a cent further."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import pytest

from leadflow.core import seams, table
from leadflow.enrichment.rules import Answer, Person
from leadflow.enrichment.rules.money import micros
from leadflow.enrichment.rules.waterfall import Candidate, Step
from leadflow.enrichment.service import asking, settling
from leadflow.enrichment.service.asking import Asked, Budgets, Later
from leadflow.enrichment.service.sources import Ready
from leadflow.enrichment.store import money, runs, sources
from tests.contract.emulator import TABLE, emulated
from tests.functional.enrichment.sources import FILLS, FakeSource

RUNS = 1_000
BUDGET, PRICE = 10.0, 0.03
_THREADS = 8
_PERSON = Person(email="ada@example.com")


class Counting(FakeSource):
    """A source that knows two people of three, and charges only for those; safe for threads."""

    def __init__(self) -> None:
        super().__init__("people_data_labs")
        self.charged = self.calls = 0
        self._lock = threading.Lock()

    def lookup(self, person: Person, fields: object) -> Answer:
        with self._lock:
            self.calls += 1
            is_found = self.calls % 3 > 0
            self.charged += is_found
        return Answer("matched", charged=1) if is_found else Answer("not_found")


@pytest.fixture
def budgeted(tmp_path: Path) -> Iterator[None]:
    with (
        mock.patch.dict("os.environ", {"TABLE_NAME": TABLE}),
        seams.installed(seams.Seams(sleep=lambda seconds: time.sleep(seconds / 20))),
        emulated(tmp_path),
    ):
        yield


def _ended(number: int, ready: Ready, step: Step) -> str:
    """One run's way to its end, as the worker goes it, without a lead."""
    run = table.create(runs.new_run(f"run{number}", f"lead{number}"))
    while True:
        came = asking.ask(run, ready, step, _PERSON, Budgets(None, None, None))
        if isinstance(came, Later):
            run.slot = came.slot
            time.sleep(0.01)
            continue
        assert isinstance(came, Asked)
        if run.asking is not None:
            settled = settling.settled_of(run, came)
            run.asking = None
            money.settle(run, settled)
        return came.outcome


@pytest.mark.usefixtures("budgeted")
def test_a_thousand_runs_at_once_spend_what_the_budget_allows_and_no_more() -> None:
    source = sources.new_source("people_data_labs")
    source.is_active, source.api_key, source.cost_per_request = True, "sealed", micros(PRICE)
    source.daily_budget = micros(BUDGET)
    table.create(source)
    provider = Counting()
    ready = Ready(source, provider)
    fills = FILLS["people_data_labs"]
    candidate = Candidate("people_data_labs", 1, 0, micros(PRICE), fills, lambda _: 1)  # type: ignore[arg-type]
    step = Step(candidate, candidate.fills, micros(PRICE))

    with ThreadPoolExecutor(_THREADS) as pool:
        outcomes = list(pool.map(lambda number: _ended(number, ready, step), range(RUNS)))

    day = table.query_items(sources.SourceDay, "ENRSRC#people_data_labs", prefix="DAY#")
    spent, reserved = sum(int(one.committed) for one in day), sum(int(one.reserved) for one in day)
    assert reserved == 0
    assert spent == provider.charged * micros(PRICE) <= micros(BUDGET)
    assert micros(BUDGET) - spent < micros(PRICE), "a call more could have been paid"
    assert outcomes.count("matched") == provider.charged == int(BUDGET / PRICE)
    assert outcomes.count("skipped_budget") == RUNS - provider.calls
