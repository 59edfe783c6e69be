"""The HTTP API: one WSGI application for all routes of the template."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

from local.host import answers, events
from local.host.answers import Answer
from local.host.events import Request
from local.host.gate import Forbidden, Gate, Throttles, Unauthorized
from local.host.invoke import FunctionHost
from local.host.preflight import cors_headers, preflight
from local.host.routes import Route, RouteTable
from local.logs import described

log = logging.getLogger("local.http")

MAX_BODY_BYTES = 10 * 1024 * 1024
MAX_EVENT_BYTES = 6 * 1024 * 1024
GATEWAY_TIMEOUT_SECONDS = 30

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class HttpApi:
    """Answers as API Gateway's HTTP API would, its own fixed answers included.

    A handler runs on the thread of its request. A thread cannot be stopped, so a handler that takes over 30 seconds is
    waited for, and then answered 503 as API Gateway would have done.
    """

    def __init__(self, routes: RouteTable, host: FunctionHost) -> None:
        self._routes = routes
        self._host = host
        self._gate = Gate(host)
        self._throttles = Throttles()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        answer = self._answer(environ)
        headers = [*answer.headers, ("content-length", str(len(answer.body)))]
        if self._routes.cors:
            headers += cors_headers(self._routes.cors, environ.get("HTTP_ORIGIN", ""))
        start_response(answer.status_line, headers)
        return [answer.body]

    def _answer(self, environ: dict[str, Any]) -> Answer:
        if int(environ.get("CONTENT_LENGTH") or 0) > MAX_BODY_BYTES:
            return answers.gateway(413, "Request Entity Too Large")
        request = events.from_environ(environ)
        found = self._routes.find(request.method, request.path)
        if found is None:
            if self._routes.cors and request.method == "OPTIONS":
                return preflight(self._routes.cors, request)
            return answers.gateway(404, "Not Found")
        route, path_parameters = found
        if not self._throttles.admits(route):
            return answers.gateway(429, "Too Many Requests")
        return self._invoke(request, route, path_parameters)

    def _invoke(self, request: Request, route: Route, path_parameters: dict[str, str]) -> Answer:
        started = time.monotonic()
        try:
            context = self._gate.admit(request, route, path_parameters)
            event = events.proxy_event(request, route, path_parameters, context)
            if len(event.get("body") or "") > MAX_EVENT_BYTES:
                return answers.gateway(413, "Request Entity Too Large")
            answer = answers.from_function(self._host.invoke(route.function, event, request.request_id))
        except Unauthorized:
            return answers.gateway(401, "Unauthorized")
        except Forbidden:
            return answers.gateway(403, "Forbidden")
        except Exception as error:  # noqa: BLE001 - whatever a function raises is its failure, never the server's
            log.error("%s failed in request %s: %s", route.key, request.request_id, described(error))
            return answers.gateway(500, "Internal Server Error")
        if time.monotonic() - started > GATEWAY_TIMEOUT_SECONDS:
            return answers.gateway(503, "Service Unavailable")
        answer.headers.append(("apigw-requestid", request.request_id))
        return answer
