"""Enrichment: what a run costs, counted, and runs per second on one machine against the provider sandbox.

Counted are a run that its first source answers, one that needs two, and one that nobody knows anything for, each from
its request to its end with the readers of the table's stream; and one of 25 runs of a job whose source takes that many
people in a request. The one machine imports BENCH_LEADS leads (default
1,000) and asks three sources about them under a budget of a quarter of what they could cost.
"""

from __future__ import annotations

import contextlib
import io
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks import report
from tests.benchmarks.meter import Cost, Meter
from tests.journeys.waiting import when

_FIELDS = ["job_title", "company_name"]
_TIMES = 3
_TOGETHER = 25
_PATIENCE_SECONDS = 300


def main(rounds: int) -> None:
    """Counts are exact, so one round does."""
    import tests.conftest  # noqa: F401 - settings of the tests' own cloud
    from tests.functional.enrichment.sources import MISS, knows

    everything, half = knows(job_title="CTO", company_name="Acme"), knows(job_title="CTO", outcome="partial")
    kinds = {
        "the first source answers": [everything],
        "two sources are needed": [half, knows(company_name="Acme")],
        "nobody knows": [MISS, MISS, MISS],
    }
    rows = []
    for what, answers in kinds.items():
        with contextlib.redirect_stdout(io.StringIO()):  # the doors' log lines
            costs = _counted(answers)
        rows += [_row(what, name, cost, _TIMES) for name, cost in costs.items()]
        report.figure(what, {name: cost.figures(_TIMES) for name, cost in costs.items()})
    with contextlib.redirect_stdout(io.StringIO()):
        costs = _counted_together(everything)
    what = f"one of {_TOGETHER} that ask together"
    rows += [_row(what, name, cost, _TOGETHER) for name, cost in costs.items()]
    report.figure(what, {name: cost.figures(_TOGETHER) for name, cost in costs.items()})
    columns = ["a run", "function", "invocations", "calls", "write units", "read units", "ms of our code", "which"]
    report.table("One run, by function", columns, rows)
    _show_machine(int(os.environ.get("BENCH_LEADS", "1000")))


def _row(what: str, name: str, cost: Cost, times: int) -> list[str]:
    calls = ", ".join(f"{n / times:g} {op}" for op, n in sorted(cost.calls.items()))
    figures = [cost.invocations, sum(cost.calls.values()), cost.written, cost.read]
    return [what, name, *(f"{n / times:.4g}" for n in figures), report.milliseconds(cost.own / times), calls]


def _counted(answers: list[Any]) -> dict[str, Cost]:
    """What _TIMES runs take, after one that warms up."""
    from tests.benchmarks.campaign import read_stream
    from tests.cloud import fresh_cloud
    from tests.functional.enrichment.sources import World, asked, deliver, note_queued, queue_events
    from tests.functional.leads.people import added
    from tests.functional.workflows.engine import Engine
    from tests.harness import Clock

    event, clock = "before-parameter-build.sqs.SendMessageBatch", Clock()
    with fresh_cloud(clock):
        queue_events().register(event, note_queued)
        world, engine = World(clock), Engine(clock)
        world.put_all()
        meter = Meter(engine)
        for number in range(_TIMES + 1):
            lead_id = added(f"lead{number}@example.com")["id"]
            for name, answer in zip(world.sources, _by_source(world, answers), strict=True):
                world[name].answers = [answer]
            engine.changes()
            meter = meter if number > 1 else Meter(engine)
            meter.run("enrich_lead", lambda one=lead_id: asked(one, fields=_FIELDS))
            while messages := world.messages():
                for body, _ in messages:
                    meter.run("run_enrichment", lambda body=body: deliver(body))
            for cost in list(meter.costs.values()):
                read_stream(meter, cost.changes)
                cost.changes = []
        queue_events().unregister(event, note_queued)
        return meter.costs


def _counted_together(answer: Any) -> dict[str, Cost]:
    """What the worker takes for the runs of one page of a job, its walk left out."""
    from tests.cloud import fresh_cloud
    from tests.functional.enrichment.sources import World, deliver, note_queued, queue_events
    from tests.functional.enrichment.test_enrich_many import EVERYONE, start
    from tests.functional.leads.people import added
    from tests.functional.workflows.engine import Engine
    from tests.harness import Clock

    event, clock = "before-parameter-build.sqs.SendMessageBatch", Clock()
    with fresh_cloud(clock):
        queue_events().register(event, note_queued)
        world, engine = World(clock), Engine(clock)
        world.put("people_data_labs")
        world["people_data_labs"].most_at_once, world["people_data_labs"].answers = _TOGETHER, [answer]
        for number in range(_TOGETHER):
            added(f"lead{number}@example.com")
        start(filter=EVERYONE, fields=_FIELDS)
        [(walk, _)] = world.messages()
        deliver(walk)
        meter = Meter(engine)
        for body, _ in world.messages():
            meter.run("run_enrichment", lambda body=body: deliver(body))
        queue_events().unregister(event, note_queued)
        return meter.costs


def _by_source(world: Any, answers: list[Any]) -> list[Any]:
    """The answers in the order in which sources are asked, for sources in the order in which they are listed."""
    from tests.functional.enrichment.sources import MISS

    order = ("people_data_labs", "crustdata", "forager")
    given = dict(zip(order, [*answers, MISS, MISS], strict=False))
    return [given[name] for name in world.sources]


def _show_machine(leads: int) -> None:
    from local.client import Api
    from tests.journeys.host import HostProcess

    with TemporaryDirectory() as folder:
        host = HostProcess(Path(folder) / "data")
        try:
            run = host.start()
            api = Api(run.api_url, run.admin_key)
            seconds, done = _through(api, leads)
            api.close()
            host.stop()
        finally:
            host.kill()
    figures = [str(leads), f"{seconds:.1f}", f"{leads / seconds:.1f}", f"{done['cost']:.2f}", f"{done['max_cost']:.2f}"]
    report.table("The one-machine mode", ["runs", "seconds", "runs a second", "cost, USD", "budget, USD"], [figures])
    counts = ("asked", "matched", "partial", "not_found", "fields")
    rows = [
        [one["source"], *(str(one[name]) for name in counts), f"{one['fill_rate']:.0%}", f"{one['cost']:.2f}"]
        for one in done["sources"]
    ]
    columns = ["source", "asked", "matched", "partial", "not found", "fields", "found", "cost, USD"]
    report.table("The same by source", columns, rows)
    report.figure("runs", done["runs"])


def _through(api: Any, leads: int) -> tuple[float, dict[str, Any]]:
    """Seconds from the request to the end of the last run, and what the job then shows."""
    who = ("person", "someone", "member", "nobody")  # the sandbox knows nobody of the last
    lines = [f"{who[number % 4]}{number}@firm{number % 20}.example.com,Person {number}" for number in range(leads)]
    content = {"content": "\n".join(["email,name", *lines]).encode(), "headers": {"content-type": "text/csv"}}
    imported = api.request("POST", "/leads/import", **content).json()
    when(api, f"/imports/{imported['id']}", lambda one: one["status"] == "completed", seconds=_PATIENCE_SECONDS)
    everyone: dict[str, Any] = {"filter": {"all": []}}
    budget = round(api.post("/enrichment/estimate", everyone)["max_cost"] / 4, 2)
    began = time.perf_counter()
    job = api.post("/enrichment/runs", {**everyone, "max_cost": budget})
    done = when(
        api, f"/enrichment/runs/{job['id']}", lambda one: one["status"] == "completed", seconds=_PATIENCE_SECONDS
    )
    return time.perf_counter() - began, done
