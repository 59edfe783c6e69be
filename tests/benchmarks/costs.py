"""The cost model, docs/COST.md, computed from counted calls: python -m tests.benchmarks.costs

Amounts are those of docs/benchmarks.json (sections campaign, events and workflows), prices those of prices.py, and how
much of everything there is with a mail is said in MIX. Nothing on the page is typed by hand.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "COST.md"
SIZES = (10_000, 1_000_000, 100_000_000)
# How much there is for each mail.
MIX = {"delivery events": 2.0, "opens": 0.3, "clicks": 0.04, "workflow runs": 0.02, "SMS in": 0.01, "new leads": 0.01}
MONTHS_KEPT = 12
# A function waits so long for one request to AWS, and has one processor for itself at so much memory.
_REQUEST_SECONDS, _WHOLE_PROCESSOR_MB = 0.005, 1769
_PROVIDER_SECONDS = 0.5
# What Lambda asks of an empty queue: five pollers, each once in 20 seconds.
_POLLS_A_MONTH = 5 * 3 * 60 * 24 * 30
_SQS = ("SendMessage", "SendMessageBatch")
_FIRED = "schedules fired"
Amounts = Counter[str]


def write() -> None:
    from tests.benchmarks import report

    PAGE.write_text(page(json.loads(report.RESULTS.read_text(encoding="utf-8"))), encoding="utf-8")


def page(results: Mapping[str, Any]) -> str:
    """The Markdown of the model for these results."""
    from tests.benchmarks.prices import DATE

    sections = results["sections"]
    missing = [name for name in ("campaign", "events", "workflows") if name not in sections]
    if missing:
        raise SystemExit(f"The cost model wants these sections of the benchmarks first: {', '.join(missing)}")
    counted = sections["campaign"]["made"]
    mix = ", ".join(f"{share:g} {what}" for what, share in MIX.items())
    return "\n".join(
        [
            "# What it costs",
            "",
            f"Computed by `make cost` from calls counted on {counted['date']} at commit {counted['commit']} "
            "([benchmarks.json](benchmarks.json)).",
            f"Prices are AWS list prices of us-east-1 in USD, without free allowances, as of {DATE}, from "
            "[prices.py](../tests/benchmarks/prices.py).",
            "What providers take (SendGrid, Twilio, sources of data, models) is not in it. Not read off a bill.",
            "",
            "## What one of it takes",
            "",
            *_units(sections),
            "",
            "A function's time is estimated from above: the processor time of our code as it was here, at the share of",
            f"a processor that its memory buys, {_REQUEST_SECONDS * 1000:g} ms for each request to AWS as if they went",
            f"one after another, and {_PROVIDER_SECONDS:g} s for a call of the mail provider. Logs are the lines as",
            "they are written.",
            "",
            "## A million leads, three steps",
            "",
            *_million(sections["campaign"]["figures"]),
            "",
            "## A month",
            "",
            f"With each mail: {mix}; what is written of it is kept for {MONTHS_KEPT} months.",
            "",
            *_months(sections),
            "",
            "## Nobody uses it",
            "",
            *_idle(sections["events"]["figures"]),
            "",
        ]
    )


def per_thousand(sections: Mapping[str, Any]) -> dict[str, Amounts]:
    """What a thousand of each takes."""
    campaign, events = sections["campaign"]["figures"], sections["events"]["figures"]
    sequence = campaign["3 steps to 1,000"]
    run = Counter({name: amount * 1000 for name, amount in sections["workflows"]["figures"]["run"].items()})
    return {
        "mails of a campaign": _scaled(_of_functions(sequence), 1 / 3),
        "the same mails one by one": _of_functions(campaign["one_by_one"]),
        "delivery events": _scaled(_of_functions(events["post"]), 1000 / events["events_a_post"]),
        "opens": _scaled(_of_functions(events["open"]), 1000),
        "clicks": _scaled(_of_functions(events["click"]), 1000),
        "SMS in": _scaled(_of_functions(events["message"]), 1000),
        "new leads": _scaled(_of_functions(events["import"]), 1000 / events["rows"]),
        "workflow runs": run,
    }


def dollars(amounts: Mapping[str, float]) -> dict[str, float]:
    """What amounts cost, by name."""
    from tests.benchmarks.prices import MILLION

    return {name: amounts.get(name, 0) * price / 1e6 for name, price in MILLION.items()}


def _of_functions(figures: Mapping[str, Mapping[str, Any]]) -> Amounts:
    from tests.infra.house import functions

    by_operation = {name.partition("/")[2]: one for name, one in functions().items()}
    whole: Amounts = Counter()
    for operation, one in figures.items():
        if operation == "provider":
            whole["Lambda GB-seconds, arm64"] += (
                one["calls"] * _PROVIDER_SECONDS * _memory_gb(by_operation["send_cohort"])
            )
            continue
        whole.update(_of_function(by_operation[operation], one))
    return whole


def _of_function(function: Any, one: Mapping[str, Any]) -> Amounts:
    calls, invocations, memory = one["calls"], one["invocations"], _memory_gb(function)
    requests = sum(count for name, count in calls.items() if name != _FIRED)
    own = one["own_seconds"] * max(1.0, _WHOLE_PROCESSOR_MB / 1024 / memory)
    kinds = {event["Type"] for event in function.events.values()}
    return Counter(
        {
            "AWS requests": requests,
            "DynamoDB write units": one["write_units"],
            "DynamoDB read units": one["read_units"],
            "Lambda invocations": invocations,
            "Lambda GB-seconds, arm64": (own + requests * _REQUEST_SECONDS) * memory,
            "HTTP API requests": invocations if "HttpApi" in kinds else 0,
            # One message of a queue is received and deleted.
            "SQS requests": sum(calls.get(name, 0) for name in _SQS) + (2 * invocations if "SQS" in kinds else 0),
            "EventBridge events": calls.get("PutEvents", 0),
            "Scheduler invocations": calls.get(_FIRED, 0),
            "S3 PUT requests": calls.get("PutObject", 0),
            "Logs, KB": one["log_bytes"] / 1024,
        }
    )


def _memory_gb(function: Any) -> float:
    from tests.infra.house import template

    usual = template()["Globals"]["Function"]["MemorySize"]
    return float(function.properties.get("MemorySize", usual)) / 1024


def _scaled(amounts: Amounts, factor: float) -> Amounts:
    return Counter({name: amount * factor for name, amount in amounts.items()})


def _units(sections: Mapping[str, Any]) -> Iterable[str]:
    shown = ("AWS requests", "DynamoDB write units", "DynamoDB read units", "Lambda invocations")
    yield _row(["A thousand", *shown, "USD"])
    yield _row(["---", *["--:"] * (len(shown) + 1)])
    for what, amounts in per_thousand(sections).items():
        yield _row([what, *(f"{amounts.get(name, 0):,.0f}" for name in shown), f"{sum(dollars(amounts).values()):.4f}"])


def _million(figures: Mapping[str, Any]) -> Iterable[str]:
    sequence = figures["3 steps to 1,000"]
    amounts = _scaled(_of_functions(sequence), 1000)
    calls: Counter[str] = Counter()
    for one in sequence.values():
        if isinstance(one["calls"], dict):
            calls.update(one["calls"])
    provider, fired = sequence["provider"]["calls"] * 1000, calls[_FIRED] * 1000
    yield f"{provider:,.0f} calls of the mail provider, and {fired:,.0f} one-off"
    yield "schedules, each made, fired and deleted once. Requests to AWS by the functions:"
    yield ""
    yield _row(["Operation", "Requests"])
    yield _row(["---", "--:"])
    for name, count in calls.most_common():
        if name != _FIRED:
            yield _row([name, f"{count * 1000:,.0f}"])
    yield ""
    yield from _bill(amounts)


def _bill(amounts: Mapping[str, float]) -> Iterable[str]:
    from tests.benchmarks.prices import MILLION

    yield _row(["Service", "Amount", "USD per million", "USD"])
    yield _row(["---", "--:", "--:", "--:"])
    for name, cost in dollars(amounts).items():
        if amounts.get(name):
            yield _row([name, f"{amounts[name]:,.0f}", f"{MILLION[name]:g}", f"{cost:,.2f}"])
    yield _row(["together", "", "", f"**{sum(dollars(amounts).values()):,.2f}**"])


def _months(sections: Mapping[str, Any]) -> Iterable[str]:
    from tests.benchmarks.prices import STORED

    thousand = per_thousand(sections)
    mail: Amounts = Counter()
    mail.update(thousand["mails of a campaign"])
    for what, share in MIX.items():
        mail.update(_scaled(thousand[what], share))
    one = {name: cost / 1000 for name, cost in dollars(mail).items()}
    gb = sections["campaign"]["figures"]["stored_bytes_a_mail"] / 1e9 * MONTHS_KEPT
    one |= {name: gb * price for name, price in STORED.items()}
    idle = sum(_idle_costs(sections["events"]["figures"]).values())
    yield _row(["USD a month", *(f"{size:,} mails" for size in SIZES)])
    yield _row(["---", *["--:"] * len(SIZES)])
    for name, cost in one.items():
        yield _row([name, *(f"{cost * size:,.2f}" for size in SIZES)])
    yield _row(["what idle costs", *[f"{idle:,.2f}"] * len(SIZES)])
    yield _row(["together", *(f"**{sum(one.values()) * size + idle:,.2f}**" for size in SIZES)])
    yield ""
    per_mail = sum(one.values()) * 1000
    yield f"That is {per_mail:.4f} USD for a thousand mails and all that comes with them, the idle stack left out."
    yield "Without what is kept, by what it is:"
    yield ""
    yield _row(["USD a month", *(f"{size:,} mails" for size in SIZES)])
    yield _row(["---", *["--:"] * len(SIZES)])
    for what, share in {"mails of a campaign": 1.0, **MIX}.items():
        cost = sum(dollars(thousand[what]).values()) * share / 1000
        yield _row([what, *(f"{cost * size:,.2f}" for size in SIZES)])


def _idle(figures: Mapping[str, Any]) -> Iterable[str]:
    costs = _idle_costs(figures)
    yield _row(["What", "USD a month"])
    yield _row(["---", "--:"])
    for what, cost in costs.items():
        yield _row([what, f"{cost:.2f}"])
    yield _row(["together", f"**{sum(costs.values()):.2f}**"])
    yield ""
    yield "The first 10 alarms and the first million requests to SQS of an account cost nothing:"
    yield "[OPERATIONS.md](OPERATIONS.md#what-idle-costs) has the sum with and without free allowances."


def _idle_costs(figures: Mapping[str, Any]) -> dict[str, float]:
    from tests.benchmarks.prices import MILLION, MONTHLY
    from tests.infra.house import functions, template

    kinds = Counter(one["Type"] for one in template()["Resources"].values())
    queues = sum(event["Type"] == "SQS" for one in functions().values() for event in one.events.values())
    alarms = kinds["AWS::CloudWatch::Alarm"]
    reconcile = _scaled(_of_functions({"reconcile": figures["reconcile"]}), 4 * 24 * 30)
    return {
        f"{kinds['AWS::KMS::Key']} KMS key": kinds["AWS::KMS::Key"] * MONTHLY["KMS key"],
        f"{kinds['AWS::SecretsManager::Secret']} secret": kinds["AWS::SecretsManager::Secret"] * MONTHLY["secret"],
        f"{alarms} alarms": alarms * MONTHLY["alarm"],
        f"Lambda polling {queues} empty queues": queues * _POLLS_A_MONTH * MILLION["SQS requests"] / 1e6,
        "2,880 runs of reconcile": sum(dollars(reconcile).values()),
    }


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "layers" / "leadflow" / "python")]
    write()
