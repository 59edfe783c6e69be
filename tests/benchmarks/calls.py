"""AWS calls per request: runs functional tests of each door and counts what it sends when it succeeds.

Of a door's tests as many run as it takes to see it succeed a few times. Reading the secret and the public URL is left
out: a function does both once in its life; and so is what the tests' own cloud makes when it is first wanted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median_low
from typing import Any
from unittest.mock import patch

from tests.benchmarks import report

ROOT = Path(__file__).resolve().parents[2]
# A door's tests go on until it has succeeded so often.
ENOUGH = 5
ONCE = {"GetSecretValue", "GetParameter"}
MADE_BY_TESTS = {"CreateAlias", "CreateBucket", "CreateKey", "CreateQueue"}
OUTPUT = "BENCH_CALLS_OUTPUT"
_seen: Counter[str | None] = Counter()
_tested: list[str | None] = []


def main(rounds: int) -> None:
    """Counts are exact, so one round does."""
    with tempfile.TemporaryDirectory() as name:
        output = Path(name) / "calls.jsonl"
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "tests.benchmarks.calls"]
        command += sorted(str(path) for path in (ROOT / "tests" / "functional").glob("*/test_*.py") if _door_of(path))
        environment = {**os.environ, OUTPUT: str(output), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        if not output.exists():
            print(done.stdout[-2000:], file=sys.stderr)
            return
        seen = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    by_door: dict[str, list[list[str]]] = defaultdict(list)
    for one in seen:
        if one["status"] is None or one["status"] < 300:
            by_door[one["door"]].append(one["operations"])
    rows = []
    for name, runs in sorted(by_door.items()):
        counts = [len(run) for run in runs]
        typical = next(run for run in runs if len(run) == median_low(counts))
        what = ", ".join(f"{n} {op}" if n > 1 else op for op, n in Counter(typical).items())
        rows.append([name, str(len(runs)), str(min(counts)), str(median_low(counts)), str(max(counts)), what])
    report.table(
        "AWS calls per successful invocation in the functional tests",
        ["door", "invocations", "least", "median", "most", "the median"],
        rows,
    )
    last_line = done.stdout.strip().splitlines()[-1]
    report.note(f"Functional tests: {last_line}.")


def pytest_configure() -> None:
    """As a pytest plugin: puts a counter around every door that a test opens."""
    import tests.harness

    real = tests.harness.door

    def door(name: str) -> Any:
        handler = real(name)

        def counted(event: Any, context: Any = None) -> Any:
            with _counting() as operations:
                answer = handler(event, context)
            _note(name, answer, operations)
            return answer

        return counted

    tests.harness.door = door


def pytest_runtest_setup(item: Any) -> None:
    """As a pytest plugin: leaves out the tests of a door that was seen enough in them."""
    import pytest

    _tested[:] = [_door_of(item.path)]
    if _seen[_tested[0]] >= ENOUGH:
        pytest.skip("seen enough")


def _door_of(path: Path) -> str | None:
    """The door that a file of tests is about; None when it is about more."""
    name = f"{path.parent.name}/{path.stem.removeprefix('test_')}"
    return name if (ROOT / "functions" / name).is_dir() else None


@contextmanager
def _counting() -> Iterator[list[str]]:
    from botocore.endpoint import Endpoint

    operations: list[str] = []
    real = Endpoint.make_request

    def make_request(self: Any, model: Any, request: dict[str, Any]) -> Any:
        if model.name not in ONCE | MADE_BY_TESTS:
            operations.append(model.name)
        return real(self, model, request)

    with patch.object(Endpoint, "make_request", make_request):
        yield operations


def _note(name: str, answer: Any, operations: list[str]) -> None:
    status = answer.get("statusCode") if isinstance(answer, dict) else None
    if name in _tested and (status is None or status < 300):
        _seen[name] += 1
    with Path(os.environ[OUTPUT]).open("a", encoding="utf-8") as output:
        output.write(json.dumps({"door": name, "status": status, "operations": operations}) + "\n")
