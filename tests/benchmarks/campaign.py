"""A campaign: what 1,000 recipients cost, counted and timed, beside a loop that sends the same mails one by one.

Three steps go to 1,000 leads for the cost model, and one step to BENCH_RECIPIENTS leads (default 10,000), by the
workers of a launch: plan_audience and send_cohort. The loop hands BENCH_ONE_BY_ONE leads (default 500) to what sends a
workflow's mail: same template and provider, same checks of the person, same claims. Seconds are processor time of our
own code, requests to AWS left out.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
from collections.abc import Sequence
from typing import Any

from tests.benchmarks import report
from tests.benchmarks.meter import Cost, Meter

# The sequence that the cost model is made of.
_SEQUENCE, _STEPS = 1000, 3
_BATCH_WRITE = 25
_STREAM_BATCH = 100
_CALLS = ("BatchGetItem", "GetItem", "PutItem", "Query", "TransactWriteItems", "UpdateItem")


def main(rounds: int) -> None:
    """Counts are exact, and the time is a sum over all recipients, so one round does."""
    import tests.conftest  # noqa: F401 - settings of the tests' own cloud

    many, few = (int(os.environ.get(name, count)) for name, count in _SIZES.items())
    with contextlib.redirect_stdout(io.StringIO()):  # the doors' log lines
        sequence, sequence_calls = _campaign(min(many, _SEQUENCE), _STEPS)
        cohorts, calls = _campaign(many)
        loop, loop_calls = _one_by_one(few)
    _show(cohorts, many, calls, loop, few, loop_calls)
    thousands = min(many, _SEQUENCE) / 1000
    parts = {name: cost.figures(thousands) for name, cost in sequence.items()}
    parts["provider"] = {"calls": round(sequence_calls / thousands, 4)}
    report.figure(f"{_STEPS} steps to 1,000", parts)
    report.figure("stored_bytes_a_mail", _grown(sequence) // (_STEPS * int(thousands * 1000)))
    report.figure("1 step to 1,000", {name: cost.figures(many / 1000) for name, cost in cohorts.items()})
    report.figure("one_by_one", {name: cost.figures(few / 1000) for name, cost in loop.items()})


_SIZES = {"BENCH_RECIPIENTS": "10000", "BENCH_ONE_BY_ONE": "500"}


def _campaign(recipients: int, steps: int = 1) -> tuple[dict[str, Cost], int]:
    """What each function took for so many steps to so many leads, and the calls of the provider."""
    from tests.cloud import fresh_cloud
    from tests.functional.campaigns import running
    from tests.functional.campaigns.mailing import email_channel, mail_service
    from tests.functional.workflows.engine import Engine
    from tests.harness import Clock

    clock = Clock()
    with fresh_cloud(clock), mail_service() as mails:
        email_channel()
        put_leads(recipients)
        campaign_id = running.ready(steps)
        running.acted(campaign_id, "launch_campaign")
        engine = Engine(clock)
        engine.changes()
        meter = Meter(engine)
        _work(meter, clock, steps)
        assert len(running.recipients(mails)) == recipients * steps
        changes = list(itertools.chain.from_iterable(cost.changes for cost in meter.costs.values()))
        read_stream(meter, changes)
        assert running.status(campaign_id) == "completed"
        return meter.costs, len(mails.sent)


def _grown(costs: dict[str, Cost]) -> int:
    """By how many bytes the table has grown."""
    from tests.benchmarks.units import size_of

    changes = (change["dynamodb"] for cost in costs.values() for change in cost.changes)
    return sum(size_of(one.get("NewImage") or {}) - size_of(one.get("OldImage") or {}) for one in changes)


def _work(meter: Meter, clock: Any, steps: int) -> None:
    """Lets the workers do the steps, each a day after the one before, as the platform would call them."""
    from tests.functional.campaigns import running
    from tests.harness import door

    done: set[str] = set()
    for number in range(steps):
        while announced := running.take_announced():
            for event in announced:
                meter.run("plan_audience", lambda event=event: door("campaigns/plan_audience")(event, None))
        fired = [one for one in running.schedules() if one["Name"] not in done] if number else []
        done |= {one["Name"] for one in fired}
        bodies = [one["Target"]["Input"] for one in fired] + running.take_messages()
        for body in bodies:
            meter.run("send_cohort", lambda body=body: running.send(body))
        meter.costs["send_cohort"].calls["schedules fired"] += len(fired)
        clock.advance(hours=24)


def read_stream(meter: Meter, changes: Sequence[dict[str, Any]]) -> None:
    """Gives changes to the readers of the stream as the platform does: what their filters let through, in batches."""
    from tests.harness import door
    from tests.infra.house import functions

    for name in ("workflows/dispatch_changes", "campaigns/project_counters"):
        types = _wanted(functions()[name].events["Changes"]["Properties"])
        passed = [one for one in changes if _type(one) in types]
        for start in range(0, len(passed), _STREAM_BATCH):
            batch = {"Records": passed[start : start + _STREAM_BATCH]}
            meter.run(name.partition("/")[2], lambda batch=batch, name=name: door(name)(batch, None))


def _wanted(source: dict[str, Any]) -> set[str]:
    patterns = [json.loads(one["Pattern"]) for one in source["FilterCriteria"]["Filters"]]
    return {name for one in patterns for name in one["dynamodb"].get("NewImage", {}).get("type", {}).get("S", ())}


def _type(change: dict[str, Any]) -> str:
    image = change["dynamodb"].get("NewImage") or {}
    return str(image.get("type", {}).get("S"))


def _one_by_one(count: int) -> tuple[dict[str, Cost], int]:
    """What it takes to send a mail to each lead by itself."""
    from tests.cloud import fresh_cloud
    from tests.functional.campaigns.mailing import email_channel, mail_service, send, template
    from tests.functional.workflows.engine import Engine
    from tests.harness import Clock

    clock = Clock()
    with fresh_cloud(clock), mail_service() as mails:
        email_channel()
        template_id = template()
        lead_ids = put_leads(count + 1)
        engine = Engine(clock)
        engine.changes()
        meter = Meter(engine)
        # What is read once in a function's life.
        send(lead_ids.pop(), template_id, cause=("bench", "warm", "1"))
        engine.changes()

        def loop() -> None:
            for number, lead_id in enumerate(lead_ids):
                assert send(lead_id, template_id, cause=("bench", str(number), "1")).outcome == "accepted"

        meter.run("send_cohort", loop)
        read_stream(meter, meter.costs["send_cohort"].changes)
        return meter.costs, len(mails.sent) - 1


def put_leads(count: int) -> list[str]:
    """The ids of new leads with an address and a company, put straight into the table."""
    from leadflow.core import aws
    from tests.benchmarks import lists

    table, client, ids = os.environ["TABLE_NAME"], aws.client("dynamodb"), []
    leads = itertools.islice(lists.raw_leads(), count)
    for number, some in enumerate(iter(lambda: list(itertools.islice(leads, _BATCH_WRITE)), [])):
        requests = []
        for place, item in enumerate(some):
            address = f"lead{number * _BATCH_WRITE + place}@example.com"
            whole = {**item, "email": {"S": address}, "company": {"S": "Analytical Engines"}}
            requests.append({"PutRequest": {"Item": whole}})
            ids.append(item["id"]["S"])
        client.batch_write_item(RequestItems={table: requests})
    return ids


def _show(cohorts: dict[str, Cost], many: int, calls: int, loop: dict[str, Cost], few: int, loop_calls: int) -> None:
    cohort, single = cohorts["send_cohort"], loop["send_cohort"]
    rows = []
    for name, here, there in (
        ("AWS requests", sum(cohort.calls.values()), sum(single.calls.values())),
        *((f"  {call}", cohort.calls[call], single.calls[call]) for call in _CALLS),
        ("write units", cohort.written, single.written),
        ("read units", cohort.read, single.read),
        ("calls of the provider", calls, loop_calls),
        ("ms of our code", cohort.own * 1000, single.own * 1000),
    ):
        ours, theirs = here * 1000 / many, there * 1000 / few
        rows.append([name, f"{ours:,.1f}", f"{theirs:,.1f}", f"{theirs / ours:.2f}" if ours else "–"])
    columns = ["per 1,000 recipients", "cohorts", "one by one", "ratio"]
    report.table(f"send_cohort for {many:,} recipients in one run, and a loop over {few:,}", columns, rows)
    parts = [
        [
            name,
            f"{cost.invocations * 1000 / many:.1f}",
            f"{sum(cost.calls.values()) * 1000 / many:.1f}",
            f"{cost.written * 1000 / many:,.0f}",
            f"{cost.read * 1000 / many:,.0f}",
            f"{cost.own * 1e6 / many:.0f}",
        ]
        for name, cost in cohorts.items()
    ]
    columns = ["per 1,000 recipients", "invocations", "AWS requests", "write units", "read units", "ms of our code"]
    report.table("All functions that a step goes through", columns, parts)
