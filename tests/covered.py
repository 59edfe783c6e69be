"""Which lines and branches of the product the unit, functional and contract tests run, by wing: `make coverage`.

Writes docs/coverage.json for programs and docs/COVERAGE.md for people. It says where nothing looks, not that what is
run is right: chaos tests, journeys and storms are not counted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.benchmarks import report

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = ROOT / "docs" / "coverage.json", ROOT / "docs" / "COVERAGE.md"
TOOLS = ROOT / ".covered"
PRODUCT, DOORS = "layers/leadflow/python/leadflow", "functions"
TESTS = ("tests/unit", "tests/functional", "tests/contract")
_COUNTED = ("covered_lines", "num_statements", "covered_branches", "num_branches")
_LEAST = 12


def main(arguments: list[str]) -> int:
    """Runs the tests; whatever else is said goes to pytest."""
    TOOLS.mkdir(exist_ok=True)
    found = TOOLS / "found.json"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "pytest_cov", *arguments, *TESTS]
    command += [f"--cov={PRODUCT}", f"--cov={DOORS}", "--cov-branch", f"--cov-report=json:{found}"]
    environment = {**os.environ, "COVERAGE_FILE": str(TOOLS / "data"), "PYTHONPATH": str(TOOLS / "tools")}
    began = time.monotonic()
    status = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    if status:
        return status
    results = gathered(json.loads(found.read_text(encoding="utf-8"))["files"])
    results["made"] = {**report.environment(), "seconds": round(time.monotonic() - began)}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(results), encoding="utf-8")
    print(page(results))
    return 0


def gathered(files: dict[str, Any]) -> dict[str, Any]:
    """The counts by wing, and the files of which most lines were never run."""
    wings: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(("files", *_COUNTED), 0))
    for name, one in files.items():
        wing = wings[wing_of(name)]
        wing["files"] += 1
        for count in _COUNTED:
            wing[count] += one["summary"][count]
    missed = {name: one["summary"]["missing_lines"] for name, one in files.items()}
    least = sorted((name for name in missed if missed[name]), key=lambda name: (-missed[name], name))[:_LEAST]
    return {"wings": dict(sorted(wings.items())), "least": {name: missed[name] for name in least}}


def wing_of(name: str) -> str:
    """`doors` for the functions, else the package of the product that a file is in."""
    inside = Path(name)
    if inside.parts[0] == DOORS:
        return "doors"
    room = inside.relative_to(PRODUCT).parts
    return room[0] if len(room) > 1 else "leadflow"


def page(results: dict[str, Any]) -> str:
    """The Markdown of kept results."""
    made, wings = results["made"], results["wings"]
    whole = {name: sum(wing[name] for wing in wings.values()) for name in ("files", *_COUNTED)}
    lines = [
        "# Coverage",
        "",
        "Written by `make coverage`; the same as data is [coverage.json](coverage.json). Which lines and branches of",
        "the product the unit, functional and contract tests run. It says where nothing looks, not that what is run is",
        "right: chaos tests, journeys and storms are not counted.",
        "",
        f"`make coverage`, {made['seconds']} s, {made['date']}, commit {made['commit']}, {made['machine']}; "
        f"{made['versions']}.",
        "",
        "| wing | files | lines | run | branches | taken |",
        "| --- | --: | --: | --: | --: | --: |",
        *(_row(name, wing) for name, wing in wings.items()),
        _row("**all**", whole),
        "",
        "Most lines that no test of these runs:",
        "",
        "| file | lines |",
        "| --- | --: |",
        *(f"| {name} | {missed} |" for name, missed in results["least"].items()),
    ]
    return "\n".join(lines) + "\n"


def _row(name: str, counts: dict[str, int]) -> str:
    run, lines, taken, branches = (counts[count] for count in _COUNTED)
    return f"| {name} | {counts['files']} | {lines} | {_share(run, lines)} | {branches} | {_share(taken, branches)} |"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
