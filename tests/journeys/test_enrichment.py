"""Leads enriched from three sources under a budget, on the one-machine mode, against its sandbox."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from contextlib import closing

from local.client import Api
from tests.journeys.host import HostProcess
from tests.journeys.waiting import when

LEADS = int(os.environ.get("ENRICHED_LEADS", "60"))
PRICES = {"people_data_labs": 0.1, "crustdata": 0.05, "forager": 0.03}
_PATIENCE_SECONDS = 60 + LEADS


def _file() -> str:
    """Of every four people one is known to nobody."""
    who = ("person", "someone", "member", "nobody")
    rows = [f"{who[number % 4]}{number}@firm{number % 20}.example.com,Person {number}" for number in range(LEADS)]
    return "\n".join(["email,name", *rows])


def _imported(api: Api) -> None:
    content = {"content": _file().encode(), "headers": {"content-type": "text/csv"}}
    job = api.request("POST", "/leads/import", **content).json()
    done = when(api, f"/imports/{job['id']}", lambda one: one["status"] == "completed", seconds=_PATIENCE_SECONDS)
    assert done["created"] == LEADS


def _charged(sandbox: Api) -> dict[str, int]:
    return {one["provider"]: int(one["charged"]) for one in sandbox.get("/spent")["items"]}


def test_many_leads_under_a_budget_that_parallel_runs_use_up(new_host: Callable[..., HostProcess]) -> None:
    run = new_host().start()
    with closing(Api(run.api_url, run.admin_key)) as api, closing(Api(run.sandbox_url)) as sandbox:
        _imported(api)
        everyone = {"filter": {"all": []}}
        estimate = api.post("/enrichment/estimate", everyone)
        assert estimate["rows"] == min(LEADS, 2000)
        budget = round(estimate["max_cost"] / 4, 2)
        started = time.monotonic()

        job = api.post("/enrichment/runs", {**everyone, "max_cost": budget})
        done = when(
            api, f"/enrichment/runs/{job['id']}", lambda one: one["status"] == "completed", seconds=_PATIENCE_SECONDS
        )

        seconds = time.monotonic() - started
        charged = _charged(sandbox)
        paid = sum(PRICES[name] * count for name, count in charged.items())
        figures = [f"{LEADS} leads, {LEADS / seconds:.1f} runs a second, {done['cost']:.2f} of {budget:.2f} USD"]
        for one in done["sources"]:
            figures.append(
                f"{one['source']}: {one['asked']} asked, {one['fill_rate']:.0%} found, {one['cost']:.2f} USD"
            )
        logging.getLogger(__name__).warning("; ".join(figures))
        assert done["total"] == done["done"] == LEADS
        # What we count is what the sources charged, and not a cent above the budget.
        assert round(done["cost"], 6) == round(paid, 6) <= budget
        assert budget - done["cost"] < min(PRICES.values()) * 3
        assert done["reserved"] == 0


def test_a_host_that_dies_in_the_middle_pays_for_nothing_twice(new_host: Callable[..., HostProcess]) -> None:
    host = new_host()
    run = host.start()
    with closing(Api(run.api_url, run.admin_key)) as api:
        _imported(api)
        job = api.post("/enrichment/runs", {"filter": {"all": []}, "max_cost": 1000})
        when(api, f"/enrichment/runs/{job['id']}", lambda one: one["done"] >= LEADS // 4, seconds=_PATIENCE_SECONDS)
    host.kill()
    run = host.start()
    with closing(Api(run.api_url, run.admin_key)) as api, closing(Api(run.sandbox_url)) as sandbox:
        done = when(
            api, f"/enrichment/runs/{job['id']}", lambda one: one["status"] == "completed", seconds=_PATIENCE_SECONDS
        )

        assert done["total"] == done["done"] == LEADS
        for name in PRICES:
            people = [one["to"] for one in sandbox.get("/sent", params={"provider": name})["items"] if "@" in one["to"]]
            assert len(people) == len(set(people)), "somebody was asked for twice"
        # A call in doubt counts in full, so what we count is never less than what was charged.
        paid = sum(PRICES[name] * count for name, count in _charged(sandbox).items())
        assert round(done["cost"], 6) >= round(paid, 6) > 0
