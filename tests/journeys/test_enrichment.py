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

LEADS = int(os.environ.get("ENRICHED_LEADS", "40"))
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


def _charged(sandbox: Api, what: str = "charged") -> dict[str, int]:
    return {one["provider"]: int(one[what]) for one in sandbox.get("/spent")["items"]}


def test_many_leads_under_a_budget_that_parallel_runs_use_up(api: Api, sandbox: Api) -> None:
    _imported(api)
    before = _charged(sandbox)
    everyone = {"filter": {"field": "lead.email", "op": "contains", "value": "@firm"}}
    estimate = api.post("/enrichment/estimate", everyone)
    assert estimate["rows"] == min(LEADS, 2000)
    budget = round(estimate["max_cost"] / 4, 2)
    started = time.monotonic()

    job = api.post("/enrichment/runs", {**everyone, "max_cost": budget})
    done = when(
        api, f"/enrichment/runs/{job['id']}", lambda one: one["status"] == "completed", seconds=_PATIENCE_SECONDS
    )

    seconds = time.monotonic() - started
    charged = {name: count - before.get(name, 0) for name, count in _charged(sandbox).items()}
    paid = sum(PRICES[name] * count for name, count in charged.items())
    figures = [f"{LEADS} leads, {LEADS / seconds:.1f} runs a second, {done['cost']:.2f} of {budget:.2f} USD"]
    for one in done["sources"]:
        figures.append(f"{one['source']}: {one['asked']} asked, {one['fill_rate']:.0%} found, {one['cost']:.2f} USD")
    logging.getLogger(__name__).warning("; ".join(figures))
    assert done["total"] == done["done"] == LEADS
    # What we count is what the sources charged, and not a cent above the budget.
    assert round(done["cost"], 6) == round(paid, 6) <= budget
    assert budget - done["cost"] < min(PRICES.values()) * 3
    assert done["reserved"] == 0

    # Where the person is all that is wanted they are asked for together, and paid each.
    before, made = _charged(sandbox), _charged(sandbox, "requests")
    asked = {"sources": ["people_data_labs"], "fields": ["job_title"], "force": True, "max_cost": 1000}
    job = api.post("/enrichment/runs", {**everyone, **asked})
    done = when(
        api, f"/enrichment/runs/{job['id']}", lambda one: one["status"] == "completed", seconds=_PATIENCE_SECONDS
    )

    found = _charged(sandbox)["people_data_labs"] - before["people_data_labs"]
    requests = _charged(sandbox, "requests")["people_data_labs"] - made["people_data_labs"]
    assert (done["done"], round(done["cost"], 6)) == (LEADS, round(PRICES["people_data_labs"] * found, 6))
    assert 0 < requests < LEADS / 4


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
