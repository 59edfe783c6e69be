"""The repository as the tests of this folder look at it: doors, template, sources."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local.emulator.intrinsics import Loader

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ROOT / "layers" / "leadflow" / "python" / "leadflow"
WINGS = ("leads", "activities", "enrichment", "campaigns", "workflows", "channels", "platform")


@dataclass(frozen=True)
class Function:
    """One function of template.yaml; `name` is `<area>/<operation>`."""

    logical_id: str
    name: str
    properties: dict[str, Any]

    @property
    def folder(self) -> Path:
        return ROOT / "functions" / self.name

    @property
    def routes(self) -> dict[str, bool]:
        """Its routes as `METHOD /path`, and whether each is public."""
        return {
            f"{event['Properties']['Method'].upper()} {event['Properties']['Path']}": (
                event["Properties"].get("Auth", {}).get("Authorizer") == "NONE"
            )
            for event in self.events.values()
            if event["Type"] == "HttpApi"
        }

    @property
    def events(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.properties.get("Events", {})
        return found

    @property
    def timeout(self) -> int:
        return int(self.properties.get("Timeout", template()["Globals"]["Function"]["Timeout"]))


@functools.cache
def template() -> dict[str, Any]:
    """template.yaml with the long forms of intrinsic functions."""
    loaded: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_bytes(), Loader)  # noqa: S506 - a safe loader
    return loaded


@functools.cache
def functions() -> dict[str, Function]:
    """The functions of the template by `<area>/<operation>`."""
    found = [
        Function(logical_id, r["Properties"]["CodeUri"].removeprefix("functions/").rstrip("/"), r["Properties"])
        for logical_id, r in template()["Resources"].items()
        if r["Type"] == "AWS::Serverless::Function"
    ]
    return {function.name: function for function in found}


@functools.cache
def definition() -> dict[str, Any]:
    """The workflow state machine."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "functions" / "workflows" / "engine.asl.yaml").read_bytes())
    return loaded


@functools.cache
def transformed() -> dict[str, Any]:
    """The resources CloudFormation gets, by logical id."""
    from samtranslator.translator.transform import transform

    raw = yaml.load((ROOT / "template.yaml").read_bytes(), Loader)  # noqa: S506 - the transform changes what it gets
    for resource in raw["Resources"].values():
        for where in ("CodeUri", "ContentUri"):
            if where in resource.get("Properties", {}):
                resource["Properties"][where] = "s3://bucket/key"
        if resource["Type"] == "AWS::Serverless::StateMachine":
            del resource["Properties"]["DefinitionUri"]
            resource["Properties"]["Definition"] = definition()
    plain: dict[str, Any] = transform(raw, {"AWS::Region": "us-east-1"}, _NoManagedPolicies())["Resources"]
    return plain


class _NoManagedPolicies:
    def load(self) -> dict[str, str]:
        return {}


def logical_id(operation: str) -> str:
    """`create_lead` becomes `CreateLeadFunction`."""
    return "".join(part.capitalize() for part in operation.split("_")) + "Function"


def folders() -> list[str]:
    """The doors on disk as `<area>/<operation>`."""
    return sorted(
        str(path.relative_to(ROOT / "functions"))
        for path in (ROOT / "functions").glob("*/*")
        if path.is_dir() and path.name != "__pycache__"
    )


def sources(*tops: str) -> list[Path]:
    """Every Python file under these folders of the repository."""
    found = [path for top in tops for path in (ROOT / top).rglob("*.py")]
    return sorted(path for path in found if "__pycache__" not in path.parts)


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    found = template()["Resources"].items()
    return {name: resource.get("Properties", {}) for name, resource in found if resource["Type"] == kind}


def event_sources(*kinds: str) -> list[tuple[str, Function, dict[str, Any]]]:
    return [
        (f"{function.name}.{name}", function, event["Properties"])
        for function in functions().values()
        for name, event in function.events.items()
        if event["Type"] in kinds
    ]


def references(value: Any) -> Iterator[str]:
    """The logical ids a value refers to."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref":
                yield inner
            elif key == "Fn::GetAtt":
                yield inner[0] if isinstance(inner, list) else inner.split(".")[0]
            elif key == "Fn::Sub":
                text, own = inner if isinstance(inner, list) else (inner, {})
                yield from (name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text) if name not in own)
                yield from references(own)
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)
