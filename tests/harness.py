"""What functional tests share: a door called as API Gateway calls it, and a clock and entropy of the test's own."""

from __future__ import annotations

import base64
import importlib
import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from tests import leaks, rights

ROOT = Path(__file__).parent.parent


class Clock:
    """A clock that stands still until the test moves it."""

    def __init__(self, moment: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **delta: float) -> None:
        self.moment += timedelta(**delta)


class CountingEntropy:
    """Bytes that differ on every call and are the same in every run."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def __call__(self, size: int) -> bytes:
        return next(self._numbers).to_bytes(size)


@dataclass
class Answer:
    """What a door answered."""

    status: int
    headers: dict[str, str]
    text: str
    raw: dict[str, Any] = field(repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def etag(self) -> str:
        return self.headers["etag"]


def door(name: str) -> Any:
    """The handler of a function, by `<area>/<operation>`, held to what its role allows and to what may be said."""
    handler = importlib.import_module(f"functions.{name.replace('/', '.')}.app").handler
    return leaks.noted(name, rights.guarded(name, handler))


def route_of(name: str, method: str | None = None) -> str:
    """`METHOD /path` of a function as template.yaml has it, its first one or the one of this method."""
    operation = name.split("/")[1]
    logical_id = "".join(part.capitalize() for part in operation.split("_")) + "Function"
    for event in _template()["Resources"][logical_id]["Properties"]["Events"].values():
        if event["Type"] == "HttpApi" and method in (None, event["Properties"]["Method"].upper()):
            return f"{event['Properties']['Method'].upper()} {event['Properties']['Path']}"
    raise LookupError(f"{logical_id} has no HTTP route")


def call(
    name: str,
    body: Any = None,
    *,
    path: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    scopes: str | None = "admin",
    key_id: str = "KEY1",
    method: str | None = None,
    source_ip: str = "203.0.113.9",
) -> Answer:
    """Calls an endpoint the way API Gateway does. `body` as bytes goes raw; `scopes` None means no caller."""
    route = route_of(name, method)
    text, encoded = _as_the_gateway_has_it(body)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": route.split(" ")[1].format_map(path or {}),
        "headers": {"content-type": "application/json", **(headers or {})},
        "rawQueryString": urlencode(query or {}, errors="replace"),
        "queryStringParameters": query or {},
        "pathParameters": path or {},
        "requestContext": {
            "requestId": "REQ1",
            "http": {"method": route.split(" ")[0], "sourceIp": source_ip, "userAgent": "test"},
        },
        "body": text,
        "isBase64Encoded": encoded,
    }
    if scopes is not None:
        event["requestContext"]["authorizer"] = {"lambda": {"key_id": key_id, "scopes": scopes}}
    raw = door(name)(event, None)
    return Answer(raw["statusCode"], raw["headers"], raw["body"], raw)


def _as_the_gateway_has_it(body: Any) -> tuple[str | None, bool]:
    """A body as text, and whether that is base64, as it is for bytes that are no text."""
    if not isinstance(body, bytes):
        return (json.dumps(body) if body is not None else None), False
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True


class _CloudFormationLoader(yaml.SafeLoader):
    """Reads `!Ref` and its kin as plain values; tests only look at names and routes."""


def _plain(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]


_CloudFormationLoader.add_multi_constructor("!", _plain)
_cache: dict[str, Any] = {}


def _template() -> dict[str, Any]:
    if "template" not in _cache:
        text = (ROOT / "template.yaml").read_text()
        _cache["template"] = yaml.load(text, Loader=_CloudFormationLoader)  # noqa: S506 - a SafeLoader
    loaded: dict[str, Any] = _cache["template"]
    return loaded
