"""Tables on the terminal, and the same kept for the report: docs/BENCHMARKS.md for people, docs/benchmarks.json for
programs.

Sections print as they go. What they print is kept with the command that made it, beside figures by name, which the
cost model (docs/COST.md) is computed from.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RESULTS, PAGE = ROOT / "docs" / "benchmarks.json", ROOT / "docs" / "BENCHMARKS.md"
_PACKAGES = ("botocore", "pynamodb", "pydantic", "aws-lambda-powertools", "python-liquid", "httpx", "moto", "ministack")


@dataclass
class Table:
    title: str
    columns: list[str]
    rows: list[list[str]]


@dataclass
class Section:
    """What one part of the benchmarks found, in `seconds` of running it."""

    command: str
    about: str
    seconds: float = 0
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)


_sections: dict[str, Section] = {}
_open: list[Section] = []


@contextlib.contextmanager
def section(name: str, about: str) -> Iterator[None]:
    """Everything that is told inside belongs to this section."""
    made = _sections[name] = Section(f"make bench ARGS={name}", " ".join(about.split()))
    _open.append(made)
    began = time.monotonic()
    try:
        yield
    finally:
        made.seconds = round(time.monotonic() - began, 1)
        _open.pop()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints rows under a title; the first column is left-aligned, the others right."""
    made = Table(title, list(columns), [list(row) for row in rows])
    all_rows = [made.columns, *made.rows]
    widths = [max(len(row[n]) for row in all_rows) for n in range(len(columns))]
    print(f"\n{title}\n")
    for number, row in enumerate(all_rows):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        print("  " + "  ".join(cells).rstrip())
        if number == 0:
            print("  " + "  ".join("-" * width for width in widths))
    for one in _open:
        one.tables.append(made)


def note(text: str) -> None:
    """A line under the tables."""
    print(f"\n  {text}")
    for one in _open:
        one.notes.append(text)


def figure(name: str, value: Any) -> None:
    """Keeps a figure under its name: a number, or numbers by name."""
    for one in _open:
        one.figures[name] = value


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


def ratio(value: float, base: float) -> str:
    return f"{value / base:.2f}"


def write() -> None:
    """Puts the sections of this run into docs/benchmarks.json, in place of older ones of the same name, and makes
    docs/BENCHMARKS.md of all that is there."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"sections": {}}
    made = {**environment(), "rounds": int(os.environ.get("BENCH_ROUNDS", "7"))}
    for name, one in _sections.items():
        kept["sections"][name] = {**asdict(one), "made": made}
    RESULTS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page(kept), encoding="utf-8")


def page(results: dict[str, Any]) -> str:
    """The Markdown of kept results."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench-report`; the same as data is [benchmarks.json](benchmarks.json). Milliseconds belong",
        "to the machine and the hour they were measured on: compare ratios, whose sides ran in turns in one run.",
        "Counts are exact. Nothing here was measured on AWS.",
        "",
    ]
    for name, one in results["sections"].items():
        made = one["made"]
        lines += [f"## {name}", "", one["about"], ""]
        when = f"{one['seconds']:g} s, {made['rounds']} rounds, {made['date']}, commit {made['commit']}"
        lines += [f"`{one['command']}`, {when}, {made['machine']}; {made['versions']}.", ""]
        for found in one["tables"]:
            lines += [f"### {found['title']}", "", *_markdown(found), ""]
        for said in one["notes"]:
            lines += [said, ""]
    return "\n".join(lines).rstrip() + "\n"


def _markdown(found: dict[str, Any]) -> Iterator[str]:
    yield _row(found["columns"])
    yield _row(["---", *("--:" for _ in found["columns"][1:])])
    for row in found["rows"]:
        yield _row(row)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def environment() -> dict[str, str]:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        found = [f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES]
        return {
            "date": datetime.now(UTC).strftime("%Y-%m-%d"),
            "commit": _commit(),
            "machine": f"{os.cpu_count()} processors ({_processor()}), {_memory_gb()} GB, {platform.system()}",
            "versions": ", ".join([f"Python {platform.python_version()}", *found]),
        }
    raise SystemExit("Benchmarks want all of requirements.lock: make setup")


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "none"


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text(encoding="utf-8").splitlines() if facts.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory_gb() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9) if sys.platform != "win32" else 0
