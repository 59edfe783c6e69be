"""Cold start: what importing a door and making the table's client cost, against a bare boto3 handler.

Every case is a fresh process, cases take turns, and the least CPU time of all rounds counts. "layer" is the trimmed
layer of layers/build.py made for this interpreter; "no bytecode" is what SAM ships unless told otherwise; "tuned" is
the bare handler with all we do for our own: the layer, which has no boto3, so with boto3 compiled beside it, and the
garbage collector at rest.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from layers import build
from tests.benchmarks import report

ROOT = Path(__file__).resolve().parents[2]
REFERENCE_DOORS = ("leads/get_lead", "leads/list_leads", "leads/create_lead")
FLOOR = "import boto3\nclient = boto3.client('dynamodb')\ndef handler(event, context): return {}\n"

PROGRAM = """
import sys, time
# What Lambda's runtime client has loaded before it loads a function (awslambdaric.bootstrap 4.2).
import decimal, enum, importlib, json, logging, os, re, threading, traceback
tricks = sys.argv[2] == "gc"
modules, started = len(sys.modules), time.process_time()
if tricks:
    import gc
    gc.disable()
source = open(sys.argv[1]).read()
names = {}
exec(compile(source, sys.argv[1], "exec"), names)
if tricks:
    gc.freeze()
    gc.enable()
ready = time.process_time()
import resource
print(json.dumps([ready - started, len(sys.modules) - modules, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""


@dataclass(frozen=True)
class Case:
    """One handler file on one set of packages."""

    name: str
    handler: Path
    packages: tuple[Path, ...]
    gc_tricks: bool = False
    bytecode: bool = True

    def run(self) -> list[float]:
        """Seconds until the handler is there with its client, modules, and the most KB of memory."""
        environment = {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_LAMBDA_FUNCTION_NAME": "door",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "LAMBDA_TASK_ROOT": "/var/task",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(map(str, self.packages)),
            "_X_AMZN_TRACE_ID": "Root=1-00000000-000000000000000000000000;Sampled=1",
        }
        if not self.bytecode:
            environment["PYTHONPYCACHEPREFIX"] = "/nonexistent"
        command = [sys.executable, "-S", "-c", PROGRAM, str(self.handler), "gc" if self.gc_tricks else ""]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        found: list[float] = json.loads(done.stdout.splitlines()[-1])
        return found


@dataclass(frozen=True)
class Best:
    """The least of all rounds of a case."""

    ready: float
    modules: int
    memory_mb: float


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        floor = place / "floor.py"
        floor.write_text(FLOOR)
        layer = make_layer(place / "layer" / "python")
        boto3 = make_boto3(place / "boto3")
        stock = (Path(build.__file__).parent / "leadflow" / "python", Path(os.__file__).parent, *site_packages())
        _print_packaging(floor, layer, boto3, stock, rounds)
        _print_doors(floor, layer, stock, max(3, rounds // 2))


def _print_packaging(floor: Path, layer: Path, boto3: Path, stock: tuple[Path, ...], rounds: int) -> None:
    doors = {name: door(name) for name in REFERENCE_DOORS if door(name).exists()}
    cases = [
        Case("bare boto3 handler", floor, stock),
        Case("bare boto3 handler, tuned", floor, (layer, boto3), gc_tricks=True),
    ]
    for name, path in doors.items():
        cases += [
            Case(f"{name}, no bytecode", path, stock, bytecode=False),
            Case(name, path, stock),
            Case(f"{name}, layer", path, (layer,)),
        ]
    _print(f"Cold start by packaging, least of {rounds} rounds", cases, rounds)


def _print_doors(floor: Path, layer: Path, stock: tuple[Path, ...], rounds: int) -> None:
    paths = sorted((ROOT / "functions").glob("*/*/app.py"))
    cases = [Case("bare boto3 handler", floor, stock)]
    cases += [Case(f"{path.parent.parent.name}/{path.parent.name}", path, (layer,)) for path in paths]
    _print(f"Every door on the layer, least of {rounds} rounds", cases, rounds)


def _print(title: str, cases: list[Case], rounds: int) -> None:
    best = measure(cases, rounds)
    base = best[cases[0]]
    rows = [
        [
            case.name,
            report.milliseconds(found.ready),
            report.ratio(found.ready, base.ready),
            str(found.modules),
            f"{found.memory_mb:.0f}",
        ]
        for case, found in best.items()
    ]
    report.table(title, ["case", "ready ms", "ratio", "modules", "peak MB"], rows)


def measure(cases: list[Case], rounds: int) -> dict[Case, Best]:
    """Runs all cases in turn, round after round."""
    found: dict[Case, list[list[float]]] = {case: [] for case in cases}
    for _ in range(rounds):
        for case in cases:
            found[case].append(case.run())
    return {case: _best(runs) for case, runs in found.items()}


def _best(runs: list[list[float]]) -> Best:
    return Best(min(run[0] for run in runs), int(runs[0][1]), min(run[2] for run in runs) / 1024)


def door(name: str) -> Path:
    return ROOT / "functions" / name / "app.py"


def site_packages() -> tuple[Path, ...]:
    return tuple(
        {Path(str(importlib.metadata.distribution(name).locate_file(""))) for name in ("botocore", "pynamodb")}
    )


def make_layer(packages: Path) -> Path:
    """Both layers in one folder: the installed releases of the layer's packages, trimmed, and the product, compiled."""
    packages.mkdir(parents=True)
    requirements = (ROOT / "layers" / "dependencies" / "requirements.txt").read_text(encoding="utf-8")
    for name in re.findall(r"^([a-z0-9-]+)==", requirements, re.MULTILINE):
        copy_installed(name, packages)
    build.trim(packages)
    build.build_leadflow(packages)
    build.precompile(packages)
    return packages


def make_boto3(packages: Path) -> Path:
    """boto3 and what it alone wants, compiled; nothing of ours loads them, so the layer is without."""
    packages.mkdir(parents=True)
    for name in ("boto3", "s3transfer"):
        copy_installed(name, packages)
    build.precompile(packages)
    return packages


def copy_installed(name: str, packages: Path) -> None:
    """The files of an installed release; says so when this interpreter has none."""
    try:
        files = importlib.metadata.files(name) or []
    except importlib.metadata.PackageNotFoundError:
        print(f"  (left out: {name} is not installed here)")
        return
    for file in files:
        if ".." not in file.parts and "__pycache__" not in file.parts:
            (packages / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(file.locate()), packages / file)
