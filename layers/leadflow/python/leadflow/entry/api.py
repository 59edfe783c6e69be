"""HTTP endpoints: one decorator that turns a plain function into a Lambda handler behind API Gateway.

It owns what all endpoints share: scopes, parsing and validation, problem+json, Idempotency-Key, ETag and If-Match,
cursors' limits, the log line. The route itself stands in template.yaml alone.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from leadflow.core import paging
from leadflow.core.errors import (
    Forbidden,
    InvalidInput,
    LeadflowError,
    MalformedRequest,
    PayloadTooLarge,
    PreconditionFailed,
    Unauthenticated,
    UnsupportedMediaType,
)
from leadflow.core.observability import fresh_logger, logger
from leadflow.core.table import Record
from leadflow.entry import failures, http, params, startup
from leadflow.entry.http import Request, Response

if TYPE_CHECKING:
    from pydantic import BaseModel

# Lambda takes 6 MB per call; what is larger comes by a presigned upload.
MAX_BODY_BYTES = 5 * 1024 * 1024
PAGE_PARAMS = {"limit": params.integer(1, paging.MAX_LIMIT), "cursor": params.text(2000)}
# What clients call JSON when nobody tells them, curl and sendBeacon among them.
_JSON_TYPES = ("", "application/json", "text/plain", "application/x-www-form-urlencoded")
_NO_VERSION = -1
_MOST_VERSIONS = 20
# A tag in its quotes, which may hold commas, or what stands there without.
_TAG = re.compile(r'(?:W/)?"([^"]*)"|([^\s,"]+)')
_Door = Callable[[dict[str, Any], Any], dict[str, Any]]


class EndpointSpec(NamedTuple):
    """What an endpoint says of itself; the API document is generated from it."""

    function: Callable[..., Any]
    scope: str | None
    body: type[BaseModel] | None
    status: int
    query: Mapping[str, params.Param]
    page: bool
    returns: str | None
    location: str | None
    once_only: tuple[str, ...]
    argument_names: frozenset[str]
    produces: str | None
    origins: Callable[..., Sequence[str] | None] | None
    larger: str
    refuses: tuple[str, ...]


def endpoint(
    *,
    scope: str | None,
    body: type[BaseModel] | None = None,
    status: int = 200,
    query: Mapping[str, params.Param] | None = None,
    page: bool = False,
    returns: str | None = None,
    location: str | None = None,
    once_only: tuple[str, ...] = (),
    produces: str | None = None,
    origins: Callable[..., Sequence[str] | None] | None = None,
    larger: str = "",
    refuses: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], _Door]:
    """Makes a Lambda handler of a function.

    The function's arguments are found by name: path parameters, `body` (an instance of the model), the names in
    `query`, `limit` and `cursor` where `page`, `if_match` (version or None), `caller` (key_id and scopes), `request`.
    `scope` None makes it public. `returns` names the model of the answer in the wing's schema, for the document.
    `location` is the Location of a creation, as `/leads/{id}`. `once_only` fields are left out of replayed answers.
    `origins` takes the path parameters and gives the websites whose scripts may post, None for all. `larger` says
    where bodies go that are too large; `produces`, the types of a Response, and `refuses` are for the document.
    """

    def decorate(function: Callable[..., Any]) -> _Door:
        names = frozenset(inspect.signature(function).parameters)
        told = (function, scope, body, status, query or {}, page, returns, location, once_only, names, produces)
        spec = EndpointSpec(*told, origins, larger, refuses)

        @functools.wraps(function)
        def door(event: dict[str, Any], _context: Any) -> dict[str, Any]:
            return _answer(spec, Request(event)).to_gateway()

        door.spec = spec  # type: ignore[attr-defined]
        startup.door_is_made(body)
        return door

    return decorate


def _answer(spec: EndpointSpec, request: Request) -> Response:
    started = time.perf_counter()
    log = fresh_logger(request_id=request.request_id, route=request.route)
    try:
        response = _served(spec, request)
    except LeadflowError as error:
        response = http.problem(error, request.request_id)
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets a 5xx and we a log line
        failures.report("unforeseen error", error)
        response = http.unforeseen_problem(error, request.request_id)
    log.info("request", status=response.status, ms=round((time.perf_counter() - started) * 1000, 1))
    response.headers = {**response.headers, **request.answer_headers}
    return response


def _served(spec: EndpointSpec, request: Request) -> Response:
    caller = _authorised(spec, request)
    if spec.origins is not None:
        from leadflow.entry import cross_site

        answered = cross_site.admit(request, spec.origins(**request.path_params))
        if answered is not None:
            return answered
    raw = request.raw
    if len(raw) > MAX_BODY_BYTES:
        raise PayloadTooLarge(
            f"The body has {len(raw)} bytes; at most {MAX_BODY_BYTES} are taken. {spec.larger}".rstrip()
        )
    arguments = _arguments(spec, request, raw, caller)
    key = request.header("idempotency-key")
    if key is None or caller is None or request.method != "POST":
        return _rendered(spec, _result(spec, request, arguments))
    from leadflow.entry import idempotency

    work = functools.partial(_final_answer, spec, request, arguments)
    first: list[Response] = []
    kept = idempotency.once(caller["key_id"], request.route, key, request.asked, functools.partial(work, first))
    return first[0] if first else kept


def _final_answer(
    spec: EndpointSpec, request: Request, arguments: dict[str, Any], first: list[Response]
) -> tuple[Response, bool, str | None]:
    """Does the work; `first` gets the answer in full, what is returned is the one to keep."""
    try:
        result = _result(spec, request, arguments)
    except LeadflowError as error:
        answer = http.problem(error, request.request_id)
        return answer, not error.retryable and error.status < 500, None
    first.append(_rendered(spec, result))
    lead_id = request.path_params.get("lead_id") or getattr(arguments.get("body"), "lead_id", None)
    if isinstance(result, dict):
        about = "id" if (spec.location or "").startswith("/leads/{id}") else "lead_id"
        lead_id = lead_id or result.get(about) or getattr(result, "about", None)
        if spec.once_only:
            kept = Record({k: v for k, v in result.items() if k not in spec.once_only}, getattr(result, "version", 0))
            return _rendered(spec, kept), True, lead_id
    return first[0], True, lead_id


def _authorised(spec: EndpointSpec, request: Request) -> dict[str, str] | None:
    if spec.scope is None:
        return None
    caller = request.caller
    if caller is None:
        raise Unauthenticated("An API key is needed.")
    logger().thread_safe_append_keys(key_id=caller["key_id"])
    scopes = caller["scopes"].split()
    if spec.scope not in scopes and "admin" not in scopes:
        raise Forbidden(f"This API key lacks the scope {spec.scope}.")
    return caller


def _arguments(spec: EndpointSpec, request: Request, raw: bytes, caller: dict[str, str] | None) -> dict[str, Any]:
    known = {**spec.query, **(PAGE_PARAMS if spec.page else {})}
    given = request.query
    if spec.scope is None:
        # Mail clients and trackers append parameters of their own to links that people follow.
        given = {name: value for name, value in given.items() if name in known}
    values = params.read_all(given, known)
    if spec.page and values["limit"] is None:
        values["limit"] = paging.DEFAULT_LIMIT
    arguments = {**request.path_params, **values}
    if spec.body is not None:
        arguments["body"] = _body(spec.body, request, raw)
    if "caller" in spec.argument_names:
        arguments["caller"] = caller
    if "request" in spec.argument_names:
        arguments["request"] = request
    return arguments


def _body(model: type[BaseModel], request: Request, raw: bytes) -> BaseModel:
    from leadflow.entry import json_text

    if request.media_type not in _JSON_TYPES and not request.media_type.endswith("+json"):
        raise UnsupportedMediaType("The body must be JSON, and Content-Type say so.")
    raw = raw or (b"{}" if takes_no_body(model, request.method) else b"")
    body = json_text.as_model(model, raw)
    if request.method == "PATCH" and not body.model_fields_set:
        raise InvalidInput("body", "names nothing to change")
    return body


def takes_no_body(model: type[BaseModel], method: str) -> bool:
    """Whether a request may come without a body: a POST none of whose fields has to be given."""
    return method == "POST" and not any(field.is_required() for field in model.model_fields.values())


def _result(spec: EndpointSpec, request: Request, arguments: dict[str, Any]) -> Any:
    """What the function gives. Of several versions in If-Match any one will do: one refused has changed nothing."""
    if "if_match" not in spec.argument_names:
        return spec.function(**arguments)
    *others, last = _expected_versions(request.header("if-match"))
    for version in others:
        with contextlib.suppress(PreconditionFailed):
            return spec.function(**arguments, if_match=version)
    return spec.function(**arguments, if_match=last)


def _expected_versions(given: str | None) -> list[int | None]:
    """The versions that an If-Match names, None for any. Raises MalformedRequest when it names too many."""
    if given is None or given.strip() == "*":
        return [None]
    tags = [quoted or bare for quoted, bare in _TAG.findall(given)]
    if len(tags) > _MOST_VERSIONS:
        raise MalformedRequest(f"If-Match names more than {_MOST_VERSIONS} versions.")
    # A tag we never gave out matches no version: they start at 1, and at 0 for settings that nobody has set yet.
    found = [int(tag) if tag.isascii() and tag.isdigit() and len(tag) < 16 else _NO_VERSION for tag in tags]
    return list(dict.fromkeys(found)) or [_NO_VERSION]


def _rendered(spec: EndpointSpec, result: Any) -> Response:
    if isinstance(result, Response):
        return result
    if result is None:
        return Response(204, "", http.JSON)
    headers: dict[str, str] = {}
    if isinstance(result, Record):
        headers["etag"] = f'"{result.version}"'
    if spec.location:
        headers["location"] = spec.location.format_map(result)
    return Response(spec.status, http.to_json(result), http.JSON, headers)
