"""HTTP requests as API Gateway hands them to a function: payload format 2.0."""

from __future__ import annotations

import base64
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from local.emulator.environment import ACCOUNT
from local.host.routes import Route

API_ID = "local"
_TEXT_TYPES = frozenset({"application/json", "application/javascript", "application/xml"})


@dataclass(slots=True)
class Request:
    """A request that has a route. `path` is decoded; header names are lower case, cookies are taken out of them."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    cookies: list[str]
    body: bytes
    source_ip: str
    protocol: str
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def header(self, name: str) -> str:
        return self.headers.get(name, "")


def from_environ(environ: dict[str, Any]) -> Request:
    """The request that a WSGI server received."""
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    cookie = headers.pop("cookie", "")
    source = environ.get("REMOTE_ADDR", "127.0.0.1")
    headers.setdefault("x-forwarded-for", source)
    headers.setdefault("x-forwarded-proto", "http")
    headers.setdefault("x-forwarded-port", environ["SERVER_PORT"])
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace") or "/",
        query=environ.get("QUERY_STRING", ""),
        headers=headers,
        cookies=[part.strip() for part in cookie.split(";") if part.strip()],
        body=environ["wsgi.input"].read(length) if length else b"",
        source_ip=source,
        protocol=environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
    )


def proxy_event(request: Request, route: Route, path_parameters: dict[str, str], authorizer: Any) -> dict[str, Any]:
    """The event of a function that is behind a route; `authorizer` is the context that the authorizer answered."""
    event = _common(request, route, path_parameters)
    if authorizer is not None:
        event["requestContext"]["authorizer"] = {"lambda": authorizer}
    if request.body:
        event["body"], event["isBase64Encoded"] = _body(request)
    else:
        event["isBase64Encoded"] = False
    return event


def authorizer_event(
    request: Request, route: Route, path_parameters: dict[str, str], identity: tuple[str, ...]
) -> dict[str, Any]:
    """The event of a Lambda authorizer: everything but the body."""
    event = _common(request, route, path_parameters)
    arn = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{API_ID}/$default/{request.method}{request.path}"
    return {**event, "type": "REQUEST", "routeArn": arn, "identitySource": list(identity)}


def _common(request: Request, route: Route, path_parameters: dict[str, str]) -> dict[str, Any]:
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": request.headers,
        "requestContext": _context(request, route),
    }
    if request.cookies:
        event["cookies"] = request.cookies
    if request.query:
        event["queryStringParameters"] = _query(request.query)
    if path_parameters:
        event["pathParameters"] = path_parameters
    return event


def _context(request: Request, route: Route) -> dict[str, Any]:
    now = time.time()
    return {
        "accountId": ACCOUNT,
        "apiId": API_ID,
        "domainName": request.header("host"),
        "domainPrefix": API_ID,
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": request.header("user-agent"),
        },
        "requestId": request.request_id,
        "routeKey": route.key,
        "stage": "$default",
        "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now * 1000),
    }


def _query(query: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def _body(request: Request) -> tuple[str, bool]:
    """Text types go as text, all else (forms too) in base64, as API Gateway does it."""
    kind = request.header("content-type").partition(";")[0].strip().lower()
    textual = not kind or kind.startswith("text/") or kind in _TEXT_TYPES
    if textual and not request.header("content-encoding"):
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode(), True
