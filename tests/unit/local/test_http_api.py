"""The HTTP API gives the answers that API Gateway gives by itself, and lets functions give theirs."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from local.emulator.stack import Function
from local.host import http
from local.host.http import HttpApi
from local.host.invoke import FunctionHost
from local.host.routes import Authorizer, Cors, Route, RouteTable, Throttle

KEYED = Authorizer("Authorize", ("$request.header.Authorization", "$context.routeKey"), 60)


class Functions(FunctionHost):
    """Functions given as they are, instead of imported; `calls` has the events each got."""

    def __init__(self, **handlers: Callable[[Any, Any], Any]) -> None:
        functions = {name: Function(name, name, f"arn:{name}", 29, 512, {}) for name in handlers}
        super().__init__(functions, {})
        self.calls: dict[str, list[Any]] = {name: [] for name in handlers}
        for name, handler in handlers.items():
            self._handlers[name] = self._counted(name, handler)

    def _counted(self, name: str, handler: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def call(event: Any, context: Any) -> Any:
            self.calls[name].append(event)
            return handler(event, context)

        return call


def _allow(event: Any, _: Any) -> Any:
    known = event["headers"]["authorization"] == "Bearer known"
    return {"isAuthorized": known, "context": {"key_id": "k1"} if known else {}}


def _fail(*_: Any) -> Any:
    raise RuntimeError("secret detail")


def _api(functions: Functions, *routes: Route, cors: Cors | None = None) -> Callable[..., tuple[int, Any]]:
    table = RouteTable(cors=cors)
    for route in routes:
        method, path = route.key.split(" ")
        table.add(method, path, route)
    app = HttpApi(table, functions)

    def call(method: str, path: str, body: bytes = b"", **environ: str) -> tuple[int, Any]:
        answered: list[Any] = []
        request = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "SERVER_PORT": "3000",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            **environ,
        }
        content = b"".join(app(request, lambda status, headers: answered.extend([status, dict(headers)])))
        call.headers = answered[1]  # type: ignore[attr-defined]
        return int(answered[0].split()[0]), json.loads(content) if content else None

    return call


def test_a_known_key_reaches_the_function_with_the_authorizers_context() -> None:
    functions = Functions(Authorize=_allow, Get=lambda event, _: event["requestContext"]["authorizer"]["lambda"])
    call = _api(functions, Route("GET /leads", "Get", KEYED, None))

    assert call("GET", "/leads", HTTP_AUTHORIZATION="Bearer known") == (200, {"key_id": "k1"})


def test_the_authorizer_is_asked_once_per_key_and_route() -> None:
    functions = Functions(Authorize=_allow, Get=lambda *_: {})
    call = _api(functions, Route("GET /a", "Get", KEYED, None), Route("GET /b", "Get", KEYED, None))

    for path in ("/a", "/a", "/b", "/a"):
        assert call("GET", path, HTTP_AUTHORIZATION="Bearer known")[0] == 200

    assert [event["routeKey"] for event in functions.calls["Authorize"]] == ["GET /a", "GET /b"]


def test_no_key_is_401_without_asking_and_a_refused_key_403() -> None:
    functions = Functions(Authorize=_allow, Get=lambda *_: {})
    call = _api(functions, Route("GET /leads", "Get", KEYED, None))

    assert call("GET", "/leads") == (401, {"message": "Unauthorized"})
    assert functions.calls["Authorize"] == []
    assert call("GET", "/leads", HTTP_AUTHORIZATION="Bearer other") == (403, {"message": "Forbidden"})
    assert functions.calls["Get"] == []


def test_a_public_route_asks_nobody() -> None:
    call = _api(Functions(Health=lambda *_: {"status": "ok"}), Route("GET /health", "Health", None, None))

    assert call("GET", "/health") == (200, {"status": "ok"})


def test_no_such_route_is_404() -> None:
    call = _api(Functions(Get=lambda *_: {}), Route("GET /leads", "Get", None, None))

    for method, path in [("GET", "/nope"), ("HEAD", "/leads"), ("OPTIONS", "/leads"), ("BREW", "/leads")]:
        assert call(method, path) == (404, {"message": "Not Found"})


@pytest.mark.parametrize(
    "broken", [_fail, lambda *_: {"statusCode": "many"}, lambda *_: {"statusCode": 200, "body": 5}]
)
def test_a_function_that_fails_is_500_and_says_nothing(broken: Any) -> None:
    call = _api(Functions(Get=broken), Route("GET /leads", "Get", None, None))

    assert call("GET", "/leads") == (500, {"message": "Internal Server Error"})


def test_an_authorizer_that_fails_is_500() -> None:
    call = _api(Functions(Authorize=_fail, Get=lambda *_: {}), Route("GET /leads", "Get", KEYED, None))

    assert call("GET", "/leads", HTTP_AUTHORIZATION="Bearer known") == (500, {"message": "Internal Server Error"})


def test_a_body_over_10_mb_is_413_before_anybody_is_asked() -> None:
    functions = Functions(Post=lambda *_: {})
    call = _api(functions, Route("POST /leads", "Post", None, None))

    assert call("POST", "/leads", b"x" * (http.MAX_BODY_BYTES + 1)) == (413, {"message": "Request Entity Too Large"})
    assert functions.calls["Post"] == []


def test_a_body_that_no_event_holds_is_413() -> None:
    call = _api(Functions(Post=lambda *_: {}), Route("POST /leads", "Post", None, None))

    assert call("POST", "/leads", b"x" * (http.MAX_EVENT_BYTES + 1))[0] == 413
    assert call("POST", "/leads", b"\xff" * (5 * 1024 * 1024))[0] == 413
    assert call("POST", "/leads", b"x" * (5 * 1024 * 1024))[0] == 200


def test_more_than_the_burst_is_429() -> None:
    call = _api(Functions(Get=lambda *_: {}), Route("GET /leads", "Get", None, Throttle(0.001, 2)))

    assert [call("GET", "/leads")[0] for _ in range(3)] == [200, 200, 429]
    assert call("GET", "/leads")[1] == {"message": "Too Many Requests"}


def test_a_function_that_took_too_long_is_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "GATEWAY_TIMEOUT_SECONDS", -1)
    call = _api(Functions(Get=lambda *_: {}), Route("GET /leads", "Get", None, None))

    assert call("GET", "/leads") == (503, {"message": "Service Unavailable"})


def test_cors_of_the_template_is_answered_by_the_api() -> None:
    cors = Cors(("https://a",), ("GET", "POST"), ("x-a",), (), 60, credentials=False)
    call = _api(Functions(Get=lambda *_: {}), Route("GET /leads", "Get", None, None), cors=cors)

    assert call("OPTIONS", "/leads", HTTP_ORIGIN="https://a") == (204, None)
    assert call.headers["access-control-allow-methods"] == "GET,POST"  # type: ignore[attr-defined]
    call("GET", "/leads", HTTP_ORIGIN="https://a")
    assert call.headers["access-control-allow-origin"] == "https://a"  # type: ignore[attr-defined]
    call("GET", "/leads", HTTP_ORIGIN="https://b")
    assert "access-control-allow-origin" not in call.headers  # type: ignore[attr-defined]


def test_a_handler_gets_a_context_like_lambdas() -> None:
    def handler(_: Any, context: Any) -> Any:
        assert 0 < context.get_remaining_time_in_millis() <= 29_000
        return [context.function_name, context.memory_limit_in_mb, context.invoked_function_arn, context.aws_request_id]

    call = _api(Functions(Get=handler), Route("GET /leads", "Get", None, None))

    status, answer = call("GET", "/leads")

    assert (status, answer[:3]) == (200, ["Get", "512", "arn:Get"])
    assert answer[3] == call.headers["apigw-requestid"]  # type: ignore[attr-defined]
