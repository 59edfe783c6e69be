"""Routes of template.yaml and the functions behind them, with what each says of itself."""

from __future__ import annotations

import importlib
import json
import re
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import NoneType
from typing import Any

import yaml

from leadflow.entry.api import EndpointSpec
from local.emulator.intrinsics import Loader

_ABOUT = re.compile(r"(?P<method>[A-Z]+) (?P<path>/\S*) — (?P<summary>.+?)(?: \(public\))?\.?\n", re.DOTALL)


_QUESTION = "What a browser asks before a page of another website may post"


class CannotDescribe(Exception):
    """Why a route cannot stand in the document, in one sentence that names it."""


class NotWritten(CannotDescribe):
    """The template has the route, but its function is not there."""


@dataclass(frozen=True)
class Route:
    """A route as the template has it."""

    method: str
    path: str
    public: bool
    area: str
    operation: str

    @property
    def name(self) -> str:
        return f"{self.area}/{self.operation}"

    @property
    def is_question(self) -> bool:
        """Whether it is what a browser asks before a page of another website may post (a preflight)."""
        return self.method == "OPTIONS"


@dataclass(frozen=True)
class Door:
    """A route with its function. `spec` is None for webhooks of providers, `answers` the type of what those say.

    `sample` is its event in `events/`.
    """

    route: Route
    spec: EndpointSpec | None
    summary: str
    description: str
    answer: Any
    sample: dict[str, Any]
    answers: str = ""

    @property
    def shows(self) -> tuple[str, ...]:
        """The content types of what it shows to people in a browser or mail client; none for an API."""
        stated = (self.spec and self.spec.produces) or ""
        return tuple(kind.split(";")[0].strip() for kind in stated.split(",") if kind)


def routes(root: Path) -> list[Route]:
    """Every HTTP route, in the order of the template."""
    template = yaml.load((root / "template.yaml").read_bytes(), Loader)  # noqa: S506 - a SafeLoader
    found: list[Route] = []
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            found += _routes_of(resource["Properties"])
    return found


def _routes_of(function: dict[str, Any]) -> Iterator[Route]:
    area, operation = PurePosixPath(function["CodeUri"]).parts[-2:]
    for event in function.get("Events", {}).values():
        if event["Type"] == "HttpApi":
            properties = event["Properties"]
            public = properties.get("Auth", {}).get("Authorizer") == "NONE"
            yield Route(properties["Method"].upper(), properties["Path"], public, area, operation)


def load(route: Route, root: Path) -> Door:
    """The function of a route. Raises NotWritten when it is missing, CannotDescribe when it contradicts its route."""
    if not (root / "functions" / route.area / route.operation / "app.py").is_file():
        raise NotWritten(f"functions/{route.name}/app.py is missing ({route.method} {route.path})")
    module = importlib.import_module(f"functions.{route.area}.{route.operation}.app")
    handler = module.handler
    spec = getattr(handler, "spec", None)
    if not isinstance(spec, EndpointSpec):
        spec = None
        if not getattr(handler, "is_webhook", False):
            raise CannotDescribe(f"functions/{route.name} is neither an endpoint nor a webhook")
    if route.public is not (spec is None or spec.scope is None):
        raise CannotDescribe(f"functions/{route.name} and template.yaml do not agree on whether {route.path} is public")
    if route.is_question:
        if spec is None or spec.origins is None:
            raise CannotDescribe(f"functions/{route.name} should say which websites may post: origins=")
        return Door(route, spec, _QUESTION, "", NoneType, {})
    return Door(
        route,
        spec,
        _summary(route, module.__doc__ or ""),
        _plain(handler.__doc__ or ""),
        typing.get_type_hints(handler.__wrapped__).get("return"),
        _sample(root / "events" / route.area / f"{route.operation}.json"),
        getattr(handler, "answers", ""),
    )


def _summary(route: Route, docstring: str) -> str:
    about = _ABOUT.match(docstring + "\n")
    if about is None or (about["method"], about["path"]) != (route.method, route.path):
        raise CannotDescribe(
            f'functions/{route.name}/app.py should begin with """{route.method} {route.path} — what it does."""'
        )
    summary = _plain(about["summary"])
    return summary[:1].upper() + summary[1:]


def _plain(docstring: str) -> str:
    """Paragraphs of a docstring, each on one line."""
    paragraphs = re.split(r"\n\s*\n", docstring.strip())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _sample(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    sample: dict[str, Any] = json.loads(path.read_bytes())
    return sample
