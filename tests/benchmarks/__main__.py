"""Benchmarks as ratios measured in one run: python -m tests.benchmarks [cold] [warm] [calls] [lists] [webhooks]
[workflows]

All of them by default.

Milliseconds belong to the machine and the hour; ratios between cases that ran interleaved are what to compare.
BENCH_ROUNDS sets how often each case runs (default 7; 15 for figures to quote).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main(wanted: list[str]) -> int:
    from tests.benchmarks import calls, cold, lists, warm, webhooks, workflows

    sections = {
        "cold": cold.main,
        "warm": warm.main,
        "calls": calls.main,
        "lists": lists.main,
        "webhooks": webhooks.main,
        "workflows": workflows.main,
    }
    if unknown := set(wanted) - sections.keys():
        print(f"There is no {', '.join(sorted(unknown))}.\n{__doc__}", file=sys.stderr)
        return 2
    rounds = int(os.environ.get("BENCH_ROUNDS", "7"))
    for name in wanted or sections:
        sections[name](rounds)
    return 0


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "layers" / "leadflow" / "python")]
    raise SystemExit(main(sys.argv[1:]))
