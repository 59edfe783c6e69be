"""Workflows: what a run costs, counted, what the engine adds to its actions, and runs per second on one machine.

The run: six actions (two changes of the lead, two mails, a task, a webhook), two waits and a condition. Providers are
servers on loopback that take everything at once. BENCH_RUNS says how many runs the one machine gets (default 200).
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from tests.benchmarks import report

# us-east-1, on demand, in USD per million (reference prices of 2026): Lambda arm64 per GB-second.
PRICES = {"transition": 25.0, "write": 0.625, "read": 0.125, "invocation": 0.20, "gb_second": 13.3334, "sqs": 0.40}
# What stands for the time that a function waits for others, in seconds.
TABLE_CALL, PROVIDER_CALL = 0.005, 0.15
PROVIDER_CALLS = 3
# What Lambda itself writes about an invocation: START, END and REPORT.
LOG_KB = 0.4
ACTIONS = 40
Step = tuple[str, dict[str, Any]]


def main(rounds: int) -> None:
    _prepare()
    with contextlib.redirect_stdout(io.StringIO()):  # the doors' log lines
        counted = _counted_run()
    _show_run(counted)
    _show_cost(counted)
    _show_overhead(rounds)
    _show_machine(int(os.environ.get("BENCH_RUNS", "200")))


def _prepare() -> None:
    # Settings of the tests' own cloud.
    import tests.conftest  # noqa: F401


@dataclass
class Counted:
    """One run: what each part of the platform called, and the transitions of the state machine."""

    calls: dict[str, Counter[str]] = field(default_factory=dict)
    transitions: list[str] = field(default_factory=list)
    invocations: Counter[str] = field(default_factory=Counter)
    read: float = 0
    written: int = 0
    seconds: float = 0


def _counted_run() -> Counted:
    from tests.cloud import fresh_cloud
    from tests.functional.campaigns.mailing import email_channel, mail_service, template
    from tests.functional.workflows.engine import Engine
    from tests.functional.workflows.receiver import outside
    from tests.harness import Clock, call

    clock = Clock()
    with fresh_cloud(clock), mail_service(), outside():
        email_channel()
        workflow_id = _published(_nine_steps(template()), "lead_created")
        engine = Engine(clock)
        for name in ("warm", "counted"):
            engine.changes()
            clock.advance(seconds=1)
            assert call("leads/create_lead", {"name": "Ada", "email": f"{name}@example.com"}).status == 201
            counted = _walk(engine)
        [run, _] = call("executions/list_executions", path={"workflow_id": workflow_id}).json["items"]
        assert run["status"] == "completed", run
        return counted


def _nine_steps(template_id: str) -> list[Step]:
    return [
        ("update_lead", {"add_tags": ["welcomed"]}),
        ("send_email", {"template_id": template_id}),
        ("wait", {"days": 1}),
        ("condition", {"if": {"field": "lead.status", "op": "eq", "value": "new"}}),
        ("update_lead", {"set": {"status": "contacted"}}),
        ("create_task", {"title": "Call {{ lead.name }}", "due_in_hours": 24}),
        ("wait", {"days": 2}),
        ("call_webhook", {"url": "http://hooks.example/crm"}),
        ("send_email", {"template_id": template_id}),
    ]


def _published(steps: list[Step], trigger: str | None) -> str:
    from tests.harness import call

    workflow_id = str(call("workflows/create_workflow", {"name": "Bench"}).json["id"])
    path = {"workflow_id": workflow_id}
    if trigger:
        assert call("workflows/add_trigger", {"trigger_type": trigger}, path=path).status == 201
    for order, (kind, config) in enumerate(steps):
        body = {"action_type": kind, "action_config": config, "order": order}
        assert call("workflows/add_action", body, path=path).status == 201
    assert call("workflows/activate_workflow", path=path).status == 200
    return workflow_id


def _walk(engine: Any) -> Counted:
    """Brings the one run to its end, as the platform would."""
    from tests.harness import door

    counted = Counted()
    changes = engine.changes()
    records = {"Records": changes}
    _part(counted, engine, "dispatch_changes", lambda: door("workflows/dispatch_changes")(records, None))
    [start] = engine.starts()
    message = {"Records": [{"messageId": "1", "body": json.dumps(start)}]}
    _part(counted, engine, "start_executions", lambda: door("workflows/start_executions")(message, None))
    counted.transitions.append("start")
    while True:
        outcome = _part(counted, engine, "run_segment", lambda: door("workflows/run_segment")(dict(start), None))
        counted.transitions += ["RunSegment", "Route"]
        if outcome["next"] == "done":
            counted.transitions.append("Done")
            return counted
        if outcome["next"] == "wait":
            counted.transitions.append("Wait")
            engine.clock.advance(days=2)
        else:
            assert outcome["next"] == "continue", outcome


def _part(counted: Counted, engine: Any, name: str, work: Callable[[], Any]) -> Any:
    from tests.benchmarks import units

    with units.metered() as usage, _own_time() as own:
        answer = work()
    counted.calls.setdefault(name, Counter()).update(usage.calls)
    counted.invocations[name] += 1
    counted.read += usage.read
    counted.written += units.write_units(usage, engine.changes())
    counted.seconds += own[0] + sum(usage.calls.values()) * TABLE_CALL
    return answer


def _show_run(counted: Counted) -> None:
    rows = []
    for name, calls in counted.calls.items():
        listed = ", ".join(f"{n} {op}" for op, n in sorted(calls.items()))
        rows.append([name, str(counted.invocations[name]), str(sum(calls.values())), listed])
    report.table("One run of 6 actions, 2 waits and a condition", ["part", "invocations", "calls", "which"], rows)
    kinds = Counter(counted.transitions)
    report.note(f"Transitions: {len(counted.transitions)} ({', '.join(f'{n} {kind}' for kind, n in kinds.items())})")


def _show_cost(counted: Counted) -> None:
    """A million such runs; each invocation for one run alone, as batches only make it cheaper."""
    seconds = counted.seconds + PROVIDER_CALLS * PROVIDER_CALL
    invocations = sum(counted.invocations.values())
    amounts = {
        "Step Functions, transitions": (len(counted.transitions), PRICES["transition"]),
        "DynamoDB, write units": (counted.written, PRICES["write"]),
        "DynamoDB, read units": (counted.read, PRICES["read"]),
        "Lambda, invocations": (invocations, PRICES["invocation"]),
        "Lambda, GB-seconds": (round(seconds * _memory_gb(), 3), PRICES["gb_second"]),
        "SQS, requests": (3, PRICES["sqs"]),
        "Logs, KB of Lambda's own lines": (invocations * LOG_KB, 0.5),
    }
    names = ("Step Functions transitions", "DynamoDB write units", "DynamoDB read units", "Lambda invocations")
    names += ("Lambda GB-seconds, arm64", "SQS requests", "Logs, KB")
    report.figure("run", dict(zip(names, (n for n, _ in amounts.values()), strict=True)))
    rows = [[name, f"{n:g}", f"{price:g}", f"{n * price:.2f}"] for name, (n, price) in amounts.items()]
    rows.append(["together", "", "", f"{sum(n * price for n, price in amounts.values()):.2f}"])
    report.table("A million runs", ["what", "per run", "USD per million", "USD"], rows)


def _memory_gb() -> float:
    from tests.infra.house import template

    resources = template()["Resources"]["RunSegmentFunction"]["Properties"]
    return float(resources.get("MemorySize") or template()["Globals"]["Function"]["MemorySize"]) / 1024


@contextmanager
def _own_time() -> Iterator[list[float]]:
    """The seconds meanwhile that were not spent on the other side of a call to AWS."""
    from botocore.endpoint import Endpoint

    spent, real = [0.0], Endpoint.make_request

    def make_request(self: Any, *arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return real(self, *arguments)
        finally:
            spent[0] += time.perf_counter() - began

    own, began = [0.0], time.perf_counter()
    with patch.object(Endpoint, "make_request", make_request):
        yield own
    own[0] = time.perf_counter() - began - spent[0]


def _show_overhead(rounds: int) -> None:
    """The engine against a loop by hand that claims, changes the lead and commits, ACTIONS times."""
    from tests.benchmarks import by_hand
    from tests.cloud import fresh_cloud
    from tests.harness import Clock

    best: dict[str, tuple[float, int]] = {}
    for _ in range(rounds):
        for name, work in (("engine", _engine_segment), ("by hand", by_hand.segment)):
            with fresh_cloud(Clock()), contextlib.redirect_stdout(io.StringIO()):
                run = work(ACTIONS)
                run()
                run = work(ACTIONS)
                with _own_time() as own, _calls() as seen:
                    run()
            found = (own[0] / ACTIONS, len(seen))
            best[name] = min(found, best.get(name, found))
    base, base_calls = best["by hand"]
    rows = [
        [name, f"{calls / ACTIONS:.2f}", report.ratio(calls, base_calls), f"{own * 1e6:.0f}", report.ratio(own, base)]
        for name, (own, calls) in best.items()
    ]
    columns = ["one of 40 changes of a lead", "calls", "ratio", "us of code", "ratio"]
    report.table(f"Overhead of the engine per action, least of {rounds} rounds, time at AWS left out", columns, rows)


def _engine_segment(actions: int) -> Callable[[], object]:
    from leadflow.workflows.service import running
    from tests.harness import call

    steps = [("update_lead", {"set": {"company": f"Company {number}"}}) for number in range(actions)]
    workflow_id = _published(steps, None)
    lead_id = call("leads/create_lead", {"name": "Ada", "email": f"{workflow_id}@example.com"}).json["id"]
    run = call("workflows/run_workflow", {"lead_id": lead_id}, path={"workflow_id": workflow_id}).json

    def segment() -> None:
        assert running.run_segment(run["id"], 1) == {"next": "done"}

    return segment


@contextmanager
def _calls() -> Iterator[list[str]]:
    from tests.functional.wire import watched

    with watched() as seen:
        yield seen


def _show_machine(runs: int) -> None:
    """Runs of nine steps through the one-machine mode: state machine, waits and all, providers left out."""
    from local.client import Api
    from tests.journeys.host import HostProcess

    steps: list[Step] = [
        ("update_lead", {"add_tags": ["one"]}),
        ("update_lead", {"set": {"company": "Example"}}),
        ("wait", {"minutes": 1}),
        ("condition", {"if": {"field": "lead.status", "op": "eq", "value": "new"}}),
        ("update_lead", {"add_tags": ["two"]}),
        ("create_task", {"title": "Call {{ lead.name }}"}),
        ("wait", {"minutes": 1}),
        ("update_lead", {"add_tags": ["three"]}),
        ("create_task", {"title": "Write to {{ lead.name }}"}),
    ]
    with TemporaryDirectory() as folder:
        host = HostProcess(Path(folder) / "data", TIME_SCALE="3600")
        try:
            run = host.start()
            api = Api(run.api_url, run.admin_key)
            seconds = _through(api, steps, runs)
            api.close()
            host.stop()
        finally:
            host.kill()
    rows = [[str(runs), f"{seconds:.1f}", f"{runs / seconds:.1f}", f"{runs * len(steps) / seconds:.0f}"]]
    report.table("The one-machine mode", ["runs", "seconds", "runs a second", "steps a second"], rows)


def _through(api: Any, steps: list[Step], runs: int) -> float:
    """Seconds from the first start to the end of the last run."""
    workflow_id = api.post("/workflows", {"name": "Bench"})["id"]
    for order, (kind, config) in enumerate(steps):
        body = {"action_type": kind, "action_config": config, "order": order}
        api.post(f"/workflows/{workflow_id}/actions", body)
    api.post(f"/workflows/{workflow_id}/activate")
    leads = [api.post("/leads", {"name": "Ada", "email": f"lead{number}@example.com"})["id"] for number in range(runs)]
    began = time.perf_counter()
    for lead_id in leads:
        api.post(f"/workflows/{workflow_id}/run", {"lead_id": lead_id})
    while True:
        record = api.get(f"/workflows/{workflow_id}")
        if record["success_count"] + record["failure_count"] >= runs:
            assert record["failure_count"] == 0, record
            return time.perf_counter() - began
        time.sleep(0.2)
