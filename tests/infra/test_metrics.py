"""Our metrics: each has an alarm, each alarm's metric is told by the code, and nothing unbounded is a dimension."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from tests.infra.house import PRODUCT, sources, template

# How code tells a metric; core/observability.py is the only home of the library (test_arrows.py).
TELLING = {"counted", "measured_seconds"}
DIMENSIONS = {"service": "leadflow"}
OURS = {"Ref": "AWS::StackName"}


def told() -> set[str]:
    """The names of the metrics that code tells. A name that is no plain text would be unbounded, and fails."""
    found = set()
    for path in sources("layers/leadflow/python/leadflow", "functions"):
        tree = ast.parse(path.read_bytes())
        telling = {name for module, name in _imported(tree) if module == "leadflow.core.observability"} & TELLING
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _name(node.func) in telling:
                name = node.args[0]
                assert isinstance(name, ast.Constant), f"{path.relative_to(PRODUCT)}:{node.lineno} names no one metric"
                found.add(str(name.value))
    return found


def _imported(tree: ast.Module) -> set[tuple[str | None, str]]:
    """Module and name of what is imported by name, which is how all of the product imports."""
    return {
        (node.module, one.name) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for one in node.names
    }


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def alarms() -> list[tuple[str, dict[str, Any]]]:
    found = template()["Resources"].items()
    return [(name, one["Properties"]) for name, one in found if one["Type"] == "AWS::CloudWatch::Alarm"]


def test_every_metric_of_ours_has_an_alarm_and_every_alarm_a_metric() -> None:
    watched = {alarm["MetricName"] for _, alarm in alarms() if alarm["Namespace"] == OURS}

    assert watched == told()


@pytest.mark.parametrize(("name", "alarm"), alarms(), ids=lambda value: value if isinstance(value, str) else "")
def test_an_alarm_looks_where_its_metric_is_told(name: str, alarm: dict[str, Any]) -> None:
    dimensions = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
    environment = template()["Globals"]["Function"]["Environment"]["Variables"]

    assert alarm["TreatMissingData"] == "notBreaching", name
    assert alarm["AlarmActions"]
    if alarm["Namespace"] == OURS:
        assert environment["POWERTOOLS_METRICS_NAMESPACE"] == OURS
        assert dimensions == {"service": environment["POWERTOOLS_SERVICE_NAME"]} == DIMENSIONS
    else:
        # Of AWS's own metrics the dimension is the name of a thing in the template.
        [value] = dimensions.values()
        [thing] = [of[0] if isinstance(of, list) else of for of in value.values()]
        assert thing in template()["Resources"]


def test_only_the_service_is_a_dimension() -> None:
    names = {"add_dimension", "add_metadata", "set_default_dimensions", "default_dimensions"}
    for path in sources("layers/leadflow/python/leadflow", "functions"):
        used = {_name(node.func) for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call)}

        assert not names & used, path
