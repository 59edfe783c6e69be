"""What each door loads: cold start as a list of modules, which holds on any machine, instead of milliseconds.

A door that reads needs no validation, no HTTP client, no cryptography. Where a door does need one at import, it
stands in NEEDS with the reason; a library that only some requests need is imported inside the function that needs it.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.infra.house import ROOT, folders, functions

HEAVY = {
    "aws_xray_sdk",
    "boto3",
    "cryptography",
    "email_validator",
    "httpcore",
    "httpx",
    "jsonschema",
    "liquid",
    "phonenumbers",
    "pydantic",
}
# Powertools' resolver and parser cost every cold start more than they give; a second session costs 68 ms.
NEVER = {
    "aws_lambda_powertools.event_handler",
    "aws_lambda_powertools.utilities.parser",
    "aws_xray_sdk",
    "boto3",
}
# What a door needs at import beyond the table, and why.
NEEDS: dict[str, set[str]] = {}
# A door that takes a body validates it with Pydantic.
BODY = {"pydantic"}
DOORS = [name for name in folders() if (ROOT / "functions" / name / "app.py").exists()]
# Doors that nobody waits at may be larger.
MOST_MODULES = {"reading": 345, "writing": 450, "working": 430}


@functools.cache
def looked_at() -> dict[str, dict[str, Any]]:
    """What every door loads, found out in one go."""
    environment = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_LAMBDA_FUNCTION_NAME": "door",
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1",
        "AWS_REGION": "us-east-1",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "LAMBDA_TASK_ROOT": "/var/task",
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "layers" / "leadflow" / "python"),
        "_X_AMZN_TRACE_ID": "Root=1-00000000-000000000000000000000000;Sampled=1",
    }
    program = Path(__file__).with_name("look_at_imports.py")
    done = subprocess.run(
        [sys.executable, str(program), str(ROOT), *DOORS], env=environment, capture_output=True, text=True, check=True
    )
    return {found["name"]: found for found in map(json.loads, done.stdout.splitlines())}


def loaded(name: str) -> set[str]:
    found = looked_at()[name]
    assert "error" not in found, f"importing the door fails in an environment without settings: {found['error']}"
    return set(found["modules"])


IN_LAMBDA = """
import gc, runpy, sys
from leadflow.core import seams
runpy.run_path(sys.argv[1])
print(gc.isenabled(), gc.get_freeze_count() > 0, "client:dynamodb" in seams.current().kept)
"""


@pytest.mark.parametrize(
    ("variables", "expected"),
    [({"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand"}, "True True True"), ({}, "True False False")],
)
@pytest.mark.parametrize("name", ["leads/get_lead", "webhooks/process_delivery", "platform/authorize"])
def test_a_door_is_ready_when_lambda_has_loaded_it(name: str, variables: dict[str, str], expected: str) -> None:
    door = str(ROOT / "functions" / name / "app.py")
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": "us-east-1"}
    environment = {**keys, **variables, "PYTHONPATH": str(ROOT / "layers" / "leadflow" / "python")}
    command = [sys.executable, "-c", IN_LAMBDA, door]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == expected


KNOWS_ITS_ITEMS = """
import json, runpy, sys
from leadflow.core import table
runpy.run_path(sys.argv[1])
print(json.dumps(sorted(table.kinds())))
"""


@pytest.mark.parametrize("name", [n for n, f in functions().items() if "DynamoDB" in str(f.events)])
def test_a_reader_of_the_stream_can_read_its_first_batch(name: str) -> None:
    """Every type of item that its filter lets through is known as soon as the door is loaded."""
    command = [sys.executable, "-c", KNOWS_ITS_ITEMS, str(ROOT / "functions" / name / "app.py")]
    environment = {"PYTHONPATH": str(ROOT / "layers" / "leadflow" / "python")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    [source] = [event["Properties"] for event in functions()[name].events.values() if event["Type"] == "DynamoDB"]
    patterns = [json.loads(one["Pattern"]) for one in source["FilterCriteria"]["Filters"]]
    images = [image for one in patterns for image in one["dynamodb"].values()]
    wanted = {kind for image in images for kind in image["type"]["S"]}

    assert wanted <= set(json.loads(done.stdout))


def is_reading(name: str) -> bool:
    return all(route.split(" ")[0] in {"GET", "DELETE"} for route in functions()[name].routes)


def test_importing_a_door_does_nothing() -> None:
    """Nothing happens at import: no network, no files, no processes."""
    effects = {name: looked_at()[name]["effects"] for name in DOORS if loaded(name)}

    assert {name: found for name, found in effects.items() if found} == {}


def test_a_door_loads_only_what_it_needs() -> None:
    """Import it inside the function that needs it, or give the reason in NEEDS; what no door loads comes from core."""
    heavy = {}
    for name in DOORS:
        takes_a_body = not is_reading(name) and bool(functions()[name].routes)
        heavy[name] = (HEAVY - NEEDS.get(name, set()) - (BODY if takes_a_body else set())) | NEVER

    assert {name: found for name, unwanted in heavy.items() if (found := unwanted & loaded(name))} == {}


def test_a_door_stays_small() -> None:
    """What has this door begun to load?"""
    kinds = {
        name: "working" if not functions()[name].routes else "reading" if is_reading(name) else "writing"
        for name in DOORS
    }

    assert {name: n for name, kind in kinds.items() if (n := len(loaded(name))) > MOST_MODULES[kind]} == {}


def test_every_exception_is_still_needed() -> None:
    unneeded = {name: needs - loaded(name) for name, needs in NEEDS.items() if not needs <= loaded(name)}

    assert not unneeded, "take it off the list"
