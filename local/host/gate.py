"""What stands before a function: the authorizer with its cache, and throttles."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import Any

from local.host import events
from local.host.events import Request
from local.host.invoke import FunctionHost
from local.host.routes import Authorizer, Route

_CACHED_AT_MOST = 10_000


class Unauthorized(Exception):
    """The request does not say who it is from."""


class Forbidden(Exception):
    """The authorizer said no."""


class Gate:
    """Asks authorizers, and keeps each answer for the authorizer's time to live."""

    def __init__(self, host: FunctionHost) -> None:
        self._host = host
        self._kept: OrderedDict[tuple[str, ...], tuple[float, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def admit(self, request: Request, route: Route, path_parameters: dict[str, str]) -> Any:
        """The context the authorizer answered; None for a public route. Raises Unauthorized and Forbidden.

        What the authorizer itself raises is raised.
        """
        authorizer = route.authorizer
        if authorizer is None:
            return None
        identity = tuple(_identity(source, request, route) for source in authorizer.identity)
        if not all(identity):
            raise Unauthorized
        key = (authorizer.function, *identity)
        verdict = self._cached(key)
        if verdict is None:
            verdict = self._ask(authorizer, request, route, path_parameters, identity)
            self._keep(key, authorizer.ttl, verdict)
        if verdict.get("isAuthorized") is not True:
            raise Forbidden
        return verdict.get("context") or {}

    def _ask(
        self,
        authorizer: Authorizer,
        request: Request,
        route: Route,
        path_parameters: dict[str, str],
        identity: tuple[str, ...],
    ) -> dict[str, Any]:
        event = events.authorizer_event(request, route, path_parameters, identity)
        verdict: dict[str, Any] = self._host.invoke(authorizer.function, event, request.request_id)
        return verdict

    def _cached(self, key: tuple[str, ...]) -> Any:
        kept = self._kept.get(key)
        return kept[1] if kept and kept[0] > time.monotonic() else None

    def _keep(self, key: tuple[str, ...], ttl: int, verdict: Any) -> None:
        if ttl <= 0:
            return
        with self._lock:
            self._kept[key] = (time.monotonic() + ttl, verdict)
            while len(self._kept) > _CACHED_AT_MOST:
                self._kept.popitem(last=False)


def _identity(source: str, request: Request, route: Route) -> str:
    kind, _, name = source.rpartition(".")
    if kind == "$request.header":
        return request.header(name.lower())
    if source == "$context.routeKey":
        return route.key
    raise ValueError(f"{source} is not an identity source this host knows")


class Throttles:
    """A token bucket for each route that has a limit."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def admits(self, route: Route) -> bool:
        """Whether one more request of this route may pass now; counts it if so."""
        limit = route.throttle
        if limit is None:
            return True
        with self._lock:
            now = time.monotonic()
            tokens, at = self._buckets.get(route.key, (limit.burst, now))
            tokens = min(limit.burst, tokens + (now - at) * limit.rate)
            passes = tokens >= 1
            self._buckets[route.key] = (tokens - passes, now)
        return passes
