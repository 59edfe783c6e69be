"""The summary of storms as Markdown: `python -m tests.journeys.storm_report docs/chaos.json > docs/CHAOS.md`.

The file is a list of what `make chaos` printed, each with the `command` and the `date` of its run. Raises KeyError when
a run lacks a figure, so that a summary says nothing that was not measured.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from local.faults import RATES

_INTRO = """# Chaos

What was done to the whole product while it worked, and what was true afterwards. Written by
`python -m tests.journeys.storm_report docs/chaos.json`; the same as data is [chaos.json](chaos.json). Run one with
`make chaos ARGS="--leads 2000 --kills 50 --seed 1"` (`--others N` sizes everything but the campaign; `--keep DIR`
leaves the data to look at). A small storm by the same code is in the suite (`tests/journeys/test_storm.py`);
`tests/chaos` kills single pieces of work between any two calls of AWS: in the suite at each sixth of those places, with
`make chaos` at all of them, before the storm.

## How it storms

The whole host is ended by SIGKILL, workers, queues, timers and running state machines with it, and started again. Until
the next start AWS fails on purpose (`FAULTS=<seed>`, [local/faults.py](../local/faults.py), which production code never
sees) while a campaign of two steps is paused and resumed, leads come by import and by the API and start runs that wait,
tag, mail and post, people write by SMS and are answered, three paid sources are asked under a budget, signals are
recorded, callers compete for the times of one colleague, leads are merged, and people are erased. The mail, message,
webhook and data providers time out after accepting, refuse for too much, or break. A seed decides what is done; threads
decide where it hits, so a seed makes the same kind of run, not the same run.

## What must be true at the end

- Every step of the campaign: audience = sent + skipped + failed + unknown, and no address has a mail of a step twice.
- Every lead that came has one run of its own. Its webhook was posted under one Idempotency-Key; its mail came once, or
  once more where nobody told its fate in time, which is the policy of a workflow's mail.
- Every message that a person wrote is in one conversation, once, in spite of three deliveries; every answer went out
  once at most; no delivery waits or is parked.
- No source was asked twice about anybody; charged ≤ counted ≤ budget; nothing stays reserved.
- Every signal that was taken is there once, and the parts of a score add up to it.
- Every time that callers competed for is booked once, and by the caller who was told so.
- Merged leads are one, with every signal of both once; erased people are gone, and their addresses stay refused.
- No address, phone number or API key stands in a log or in a key of the table.
- A recount finds the counters as they are, every item is valid and has its owner (`make validate`), all queues and
  dead-letter queues are empty.

A run in which any of this is not so ends with an error and is not in the table.

## What storms have found

- A write whose answer was lost ended in an AttributeError of the code that asks why it failed: PynamoDB's errors have
  no response then. `test_a_lost_answer_says_that_it_is_lost`.
- The SDK's own repetition of the write that keeps an answer under its Idempotency-Key made a 500 of work that was done.
  `test_an_answer_that_the_sdk_kept_twice_is_given`.
"""


def report(runs: list[dict[str, Any]]) -> str:
    """The whole page."""
    columns = [f"seed {run['seed']}" for run in runs]
    figures: list[tuple[str, list[Any]]] = [
        ("leads of the campaign × 2 steps", [run["leads"] for run in runs]),
        ("kills of the host", [run["kills"] for run in runs]),
        ("pauses, resumes", [f"{run.get('pauses', 0)}, {run.get('resumes', 0)}" for run in runs]),
        ("provider failures switched on", [_behaved(run) for run in runs]),
        ("faults at the boundary of AWS", [sum(run["faults"].values()) for run in runs]),
        ("seconds", [run["seconds"] for run in runs]),
    ]
    outcome: list[tuple[str, list[Any]]] = [
        ("mails of the campaign: sent, skipped, failed, unknown", [_steps(run) for run in runs]),
        ("mails at the provider, of them twice", [f"{run['at_provider']}, {run['twice']}" for run in runs]),
        ("runs of workflows", [_counts(run["running"]["runs"]) for run in runs]),
        ("their mails, of them sent once more", [_mails(run["running"]) for run in runs]),
        ("messages", [_counts(run["talking"]["messages"]) for run in runs]),
        ("charged ≤ counted ≤ budget, USD", [_money(run["enriching"]) for run in runs]),
        ("signals", [run["scoring"]["signals"] for run in runs]),
        ("times of meetings, callers, booked", [_listed(run["meeting"]) for run in runs]),
        ("leads merged, erased", [_listed(run["gathering"]) for run in runs]),
        ("items", [run["validate"] for run in runs]),
        ("recount", [run["recount"] for run in runs]),
        ("messages left in queues", [run["queued"] for run in runs]),
    ]
    total: Counter[str] = sum((Counter(run["faults"]) for run in runs), Counter())
    kinds: list[tuple[str, list[Any]]] = [
        (kind, [*(run["faults"].get(kind, 0) for run in runs), total[kind]]) for kind in RATES
    ]
    commands = "\n".join(f"- {run['date']}: `{run['command']}`" for run in runs)
    parts = [
        _INTRO,
        f"## Runs\n\n{commands}\n",
        _table("What was done", columns, figures),
        _table("What came of it", columns, outcome),
        _table("Faults by kind", [*columns, "all"], kinds),
    ]
    return "\n".join(parts)


def _behaved(run: dict[str, Any]) -> int:
    return sum(int(run.get(mode, 0)) for mode in ("timeout_after_accept", "rate_limit", "server_error"))


def _steps(run: dict[str, Any]) -> str:
    return ", ".join(str(sum(step[name] for step in run["steps"])) for name in ("sent", "skipped", "failed", "unknown"))


def _mails(running: dict[str, Any]) -> str:
    return f"{running['mails']}, {running['mails sent once more by policy']}"


def _money(enriching: dict[str, Any]) -> str:
    return f"{enriching['charged']} ≤ {enriching['counted']} ≤ {enriching['budget']}"


def _listed(figures: dict[str, int]) -> str:
    return ", ".join(str(figure) for figure in figures.values())


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def _table(title: str, columns: list[str], rows: list[tuple[str, list[Any]]]) -> str:
    lines = [f"| {title} | {' | '.join(columns)} |", f"| --- |{' --: |' * len(columns)}"]
    lines += [f"| {name} | {' | '.join(str(value) for value in values)} |" for name, values in rows]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Prints the page."""
    sys.stdout.write(report(json.loads(Path(arguments[0]).read_text(encoding="utf-8"))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
