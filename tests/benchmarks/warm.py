"""Warm overhead: a door against a hand-written boto3 handler that makes the same AWS calls and answers the same fields.

The hand-written one validates nothing, checks no scope, logs nothing and gets its requests ready-made, so its lead is
what the house costs. Both talk to a stub on loopback; fresh processes take turns and the least of all rounds counts.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks import recording, report

ROOT = Path(__file__).resolve().parents[2]
WARM_UP = 20
CALLS = 200


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        recorded = Path(name) / "recording.json"
        with contextlib.redirect_stdout(io.StringIO()):  # the doors' log lines
            recorded.write_text(json.dumps(recording.record()), encoding="utf-8")
        scenarios = json.loads(recorded.read_text(encoding="utf-8"))
        with _stub(recorded) as port:
            found = _measure(recorded, list(scenarios), port, rounds)
    rows = []
    for scenario, about in scenarios.items():
        (wall, cpu), (base_wall, base_cpu) = found[scenario, "door"], found[scenario, "boto3"]
        calls = sum(call["service"] == "dynamodb" for call in about["calls"])
        numbers = [wall, base_wall, wall / base_wall, cpu, base_cpu, cpu / base_cpu]
        shown = [f"{n:.2f}" if i % 3 == 2 else f"{n * 1e6:.0f}" for i, n in enumerate(numbers)]
        rows.append([about["door"], str(calls), *shown])
    columns = ["door", "calls", "us p50", "boto3", "ratio", "CPU us", "boto3", "ratio"]
    report.table(f"Warm invocation, {CALLS} calls a process, least of {rounds} rounds", columns, rows)


def _measure(
    recorded: Path, scenarios: list[str], port: int, rounds: int
) -> dict[tuple[str, str], tuple[float, float]]:
    best: dict[tuple[str, str], tuple[float, float]] = {}
    for _ in range(rounds):
        for scenario in scenarios:
            for style in ("door", "boto3"):
                wall, cpu = _in_a_process(recorded, scenario, style, port)
                known = best.get((scenario, style), (wall, cpu))
                best[scenario, style] = (min(wall, known[0]), min(cpu, known[1]))
    return best


def _in_a_process(recorded: Path, scenario: str, style: str, port: int) -> tuple[float, float]:
    environment = {
        **os.environ,
        **recording.SETTINGS,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}/{scenario}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "layers" / "leadflow" / "python")]),
    }
    command = [sys.executable, "-m", "tests.benchmarks.warm", str(recorded), scenario, style]
    done = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    wall, cpu = json.loads(done.stdout.splitlines()[-1])
    return wall, cpu


@contextlib.contextmanager
def _stub(recorded: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "tests.benchmarks.stub", str(recorded)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def by_hand(calls: list[dict[str, Any]]) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """A handler with the boto3 package that makes these calls one after another."""
    import boto3
    from boto3.dynamodb.types import TypeDeserializer
    from botocore import xform_name

    client = boto3.client("dynamodb")
    plain = TypeDeserializer().deserialize
    prepared = [(getattr(client, xform_name(call["operation"])), call["asked"]) for call in calls]

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        if event.get("body"):
            json.loads(event["body"])
        items: list[dict[str, Any]] = []
        for operation, asked in prepared:
            answer = operation(**asked)
            items += [answer["Item"]] if "Item" in answer else []
            for some in answer.get("Responses", {}).values():
                items += some
        records = [{name: plain(value) for name, value in item.items()} for item in items]
        return {"statusCode": 200, "headers": {}, "body": json.dumps(records, default=str)}

    return handler


def worker(recorded: Path, scenario: str, style: str) -> None:
    """One process of one style: prints seconds per call, wall (median) and CPU (mean)."""
    about = json.loads(recorded.read_text(encoding="utf-8"))[scenario]
    if style == "door":
        from tests.harness import door

        handler = door(about["door"])
    else:
        handler = by_hand([call for call in about["calls"] if call["service"] == "dynamodb"])
    for _ in range(WARM_UP):
        assert handler(about["event"], None)["statusCode"] < 300
    wall = []
    cpu = time.process_time()
    for _ in range(CALLS):
        started = time.perf_counter()
        handler(about["event"], None)
        wall.append(time.perf_counter() - started)
    cpu = time.process_time() - cpu
    print(json.dumps([sorted(wall)[CALLS // 2], cpu / CALLS]))


if __name__ == "__main__":
    worker(Path(sys.argv[1]), *sys.argv[2:])
