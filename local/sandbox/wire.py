"""HTTP in and out on plain WSGI: one request value in, one response value out, no framework."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

Headers = tuple[tuple[str, str], ...]


def _stays() -> bool:
    return False


@dataclass(frozen=True)
class Request:
    """What a caller sent. Header names are lower case; `gone()` tells whether the caller has hung up since."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    gone: Callable[[], bool] = _stays


@dataclass(frozen=True)
class Response:
    """What the caller gets. A body may be an iterator, which is then streamed without a length."""

    status: int
    body: bytes | Iterator[bytes] = b""
    headers: Headers = ()


class Refused(Exception):
    """A request the sandbox's own API turns down: an HTTP status, the field at fault (if one is) and why."""

    def __init__(self, status: int, message: str, field_name: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.field_name = field_name


def read_request(environ: WSGIEnvironment) -> Request:
    """The request in a WSGI environment; the server in front has bounded the body already."""
    headers = {name[5:].replace("_", "-").lower(): str(value) for name, value in environ.items() if name[:5] == "HTTP_"}
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace"),
        query=dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
        headers=headers,
        body=environ["wsgi.input"].read(length) if length else b"",
        gone=environ.get("waitress.client_disconnected", _stays),
    )


def send(response: Response, start_response: StartResponse) -> Iterable[bytes]:
    """Hand a response to the WSGI server."""
    headers = [*response.headers]
    whole = isinstance(response.body, bytes)
    if whole:
        headers.append(("Content-Length", str(len(response.body))))  # type: ignore[arg-type]
    start_response(f"{response.status} {HTTPStatus(response.status).phrase}", headers)
    return [response.body] if whole else response.body  # type: ignore[return-value,list-item]


def json_response(status: int, value: Any, headers: Headers = (), content_type: str = "application/json") -> Response:
    return Response(status, to_json(value), (("Content-Type", content_type), *headers))


def to_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def problem(refused: Refused) -> Response:
    """The sandbox's own refusals look like the product's: RFC 9457, with the field named where there is one."""
    value: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(refused.status).phrase,
        "status": refused.status,
        "detail": refused.message,
    }
    if refused.field_name is not None:
        value["errors"] = [{"field": refused.field_name, "message": refused.message}]
    return json_response(refused.status, value, content_type="application/problem+json")


def json_object(request: Request) -> dict[str, Any]:
    """The JSON object a request carries. Raises Refused (400) for anything else."""
    try:
        value = json.loads(request.body)
    except ValueError as error:
        raise Refused(400, "the body is not JSON") from error
    if not isinstance(value, dict):
        raise Refused(400, "the body is not a JSON object")
    return value
