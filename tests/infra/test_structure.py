"""The house has the same shape everywhere: one name in four places, short doors, short files, short functions."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from tests.infra.house import ROOT, folders, functions, logical_id, shown, sources

LONGEST_DOOR = 25
LONGEST_FILE = 399
LONGEST_FUNCTION = 39
OURS = sources("functions", "layers", "local")


def stems(top: str, suffix: str, prefix: str = "") -> set[str]:
    found = {path for path in (ROOT / top).glob(f"*/{prefix}*{suffix}") if path.name != "__init__.py"}
    return {f"{path.parent.name}/{path.name.removeprefix(prefix).removesuffix(suffix)}" for path in found}


@pytest.mark.parametrize("name", functions())
def test_a_function_of_the_template_is_called_like_its_folder(name: str) -> None:
    assert functions()[name].logical_id == logical_id(name.split("/")[1])


def test_every_folder_stands_in_the_template_and_every_function_has_a_folder() -> None:
    assert set(folders()) == functions().keys(), "functions/<area>/<operation>/ and CodeUri in template.yaml differ"


def test_every_function_has_a_sample_event() -> None:
    events = {name for name in stems("events", ".json") if not name.startswith("providers/")}

    assert events == functions().keys(), "events/<area>/<operation>.json and the functions of template.yaml differ"


def test_every_function_has_a_functional_test() -> None:
    tests = stems("tests/functional", ".py", prefix="test_")

    missing = sorted(functions().keys() - tests)
    assert not missing, "write tests/functional/<area>/test_<operation>.py for: " + ", ".join(missing)


@pytest.mark.parametrize("name", functions())
def test_a_sample_event_fits_its_route(name: str) -> None:
    event = json.loads((ROOT / "events" / f"{name}.json").read_text(encoding="utf-8"))

    for route, public in functions()[name].routes.items():
        method, path = route.split(" ")
        if method == "OPTIONS":  # the same function answers what browsers ask before they post
            continue
        assert event["routeKey"] == route
        assert event["requestContext"]["http"]["method"] == method
        assert event.get("pathParameters", {}).keys() == set(re.findall(r"{(\w+)}", path))
        assert event["rawPath"] == path.format_map(event.get("pathParameters", {}))
        assert ("authorizer" in event["requestContext"]) is not public


@pytest.mark.parametrize("name", folders())
def test_a_door_is_one_short_file(name: str) -> None:
    folder = ROOT / "functions" / name
    files = {path.name for path in folder.iterdir()} - {"__pycache__"}

    assert files == {"app.py"}, "a door is app.py alone; what it shares belongs in the leadflow package"
    lines = len((folder / "app.py").read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_DOOR, f"{lines} lines: move logic to the wing's service.py"


@pytest.mark.parametrize("name", folders())
def test_a_door_says_what_it_is(name: str) -> None:
    tree = ast.parse((ROOT / "functions" / name / "app.py").read_text(encoding="utf-8"))
    first_line = (ast.get_docstring(tree) or "").split("\n")[0]

    assert first_line, "a door opens with a docstring: its route or trigger, and what it does"
    routes = list(functions()[name].routes) if name in functions() else []
    if routes:
        assert first_line.startswith(routes[0]), f"the docstring starts with the route: {routes[0]} — what it does."
    assert any(isinstance(node, ast.FunctionDef) and node.name == "handler" for node in tree.body)


@pytest.mark.parametrize("path", OURS, ids=shown)
def test_files_and_functions_are_short(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= LONGEST_FILE, "split it by what it is about, into a package of the same name"

    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1
            assert lines <= LONGEST_FUNCTION, f"{node.name} has {lines} lines: name its parts"


@pytest.mark.parametrize("path", OURS, ids=shown)
def test_nothing_is_left_unfinished(path: Path) -> None:
    unfinished = re.findall(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b", path.read_text(encoding="utf-8"))

    assert not unfinished
