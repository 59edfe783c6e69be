"""Benchmarks as ratios measured in one run, and counts: python -m tests.benchmarks [--report] [section …]

Sections: calls campaign cold enrichment events imports lateness layers lists losses rendering warm webhooks workflows;
all of them by default.

Milliseconds belong to the machine and the hour; ratios between cases that ran interleaved are what to compare.
BENCH_ROUNDS sets how often each case runs (default 7; 15 for figures to quote). With --report what was found is
written to docs/benchmarks.json, docs/BENCHMARKS.md and docs/COST.md.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Counts first: whoever stops early has what does not depend on the machine.
SECTIONS = (
    "calls",
    "campaign",
    "events",
    "workflows",
    "enrichment",
    "rendering",
    "cold",
    "warm",
    "webhooks",
    "losses",
    "lateness",
    "imports",
    "lists",
    "layers",
)


def main(arguments: list[str]) -> int:
    from tests.benchmarks import costs, report

    wanted = [one for one in arguments if one != "--report"]
    if unknown := set(wanted) - set(SECTIONS):
        print(f"There is no {', '.join(sorted(unknown))}.\n{__doc__}", file=sys.stderr)
        return 2
    rounds = int(os.environ.get("BENCH_ROUNDS", "7"))
    for name in wanted or SECTIONS:
        measured = importlib.import_module(f"tests.benchmarks.{name}")
        with report.section(name, measured.__doc__ or ""):
            measured.main(rounds)
        if "--report" in arguments:
            # At once, so that whoever is stopped leaves what is done.
            report.write()
            costs.write()
    return 0


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "layers" / "leadflow" / "python")]
    raise SystemExit(main(sys.argv[1:]))
