"""What the sources of data about people have in common: a key, limits, and a price for each request.

They are told how to behave by the key as well: the key `limited` is held to the limits that the source documents,
`free` gets what a free plan shows, and `empty` has no credits left. Any other key is good.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.sandbox.behaviours import Behaviour
from local.sandbox.mailbox import Addressee, Kept, Letter
from local.sandbox.providers.contract import World
from local.sandbox.providers.quiet import Quiet, headers_of
from local.sandbox.wire import Headers, Request, Response, json_response

_WINDOW_SECONDS = 60
_ENOUGH = 100_000


@dataclass(frozen=True)
class Priced:
    """An answer and what it cost; `about` says who was asked for, as GET /sent shows it."""

    status: int
    body: Any
    credits: int = 0
    about: str = ""
    charged: int = 0


@dataclass(frozen=True)
class Window:
    """The requests that a key has left until the window is over."""

    limit: int
    remaining: int
    reset_seconds: int


class DataSource(Quiet):
    """Keeps each request it has answered, with what it took for it. Here a request that reads costs something too."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._counts: dict[str, tuple[int, int]] = {}
        self._counting = threading.Lock()

    def answer(self, request: Request) -> Response:
        key = self._key(request)
        if not key:
            return self._error(401)
        window = self._take(key, request)
        if window.remaining < 0:
            return self._error(429, self._limit_headers(window))
        if key == "empty":
            return self._error(402)
        priced = self._priced(request, key)
        request_id = self._world.token()
        if priced.status in (200, 404) and priced.about:
            self._keep(request, priced, request_id)
        headers = (*self._limit_headers(window), *self._credit_headers(priced))
        return json_response(priced.status, priced.body, headers)

    def _take(self, key: str, request: Request) -> Window:
        """Counts a request in its window; `remaining` is below 0 for one too many."""
        limit = self._limit(request.path) if key == "limited" else _ENOUGH
        now = self._world.clock()
        window = int(now // _WINDOW_SECONDS)
        with self._counting:
            kept, used = self._counts.get(key, (window, 0))
            used = used + 1 if kept == window else 1
            self._counts[key] = (window, used)
        return Window(limit, limit - used, max(1, int((window + 1) * _WINDOW_SECONDS - now)))

    def _keep(self, request: Request, priced: Priced, request_id: str) -> None:
        own = {
            "method": request.method,
            "path": request.path,
            "query": {name: value for name, value in request.query.items() if name != "api_key"},
            "body": request.body.decode("utf-8", "replace"),
            "headers": _without_key(headers_of(request)),
            "status": priced.status,
            "credits": priced.credits,
            "charged": priced.charged or int(priced.credits > 0),
        }
        letters = [Letter(own, [Addressee(request_id, priced.about)])]
        self._world.mailbox.keep(self.name, request_id, self._world.clock(), {}, letters)

    def refusal(self, behaviour: Behaviour, request: Request) -> Response:  # noqa: ARG002
        match behaviour.mode:
            case "bad_token":
                return self._error(401)
            case "rate_limit":
                seconds = int(60 if behaviour.retry_after is None else behaviour.retry_after)
                return self._error(429, self._limit_headers(Window(1, 0, seconds)))
            case "server_error":
                return self._error(500)
            case _:
                return self._error(402)

    def texts(self, request: Request) -> Iterator[str]:
        yield from (value for name, value in request.query.items() if name != "api_key")
        yield request.body.decode("utf-8", "replace")

    def show(self, kept: Kept) -> dict[str, Any]:
        own = kept.own
        return {
            "id": kept.id,
            "provider": kept.provider,
            "to": kept.recipient,
            "from": own["headers"].get("user-agent", ""),
            "subject": f"{own['method']} {own['path']}: {own['status']}, {own['credits']} credits",
            "body": own["body"],
            "html": None,
            "headers": own["headers"],
            "at": kept.at,
            "request_id": kept.request_id,
            "raw": own,
        }

    @abstractmethod
    def _key(self, request: Request) -> str:
        """The key that was sent, in whichever form the source takes; empty for none."""

    @abstractmethod
    def _limit(self, path: str) -> int:
        """Requests a minute that the source documents for a path."""

    @abstractmethod
    def _priced(self, request: Request, key: str) -> Priced:
        """The answer to a request with a good key."""

    @abstractmethod
    def _error(self, status: int, headers: Headers = ()) -> Response:
        """The source's own way of saying 400, 401, 402, 404, 405, 429 or 500."""

    @abstractmethod
    def _limit_headers(self, window: Window) -> Headers:
        """What the source tells about its limits."""

    def _credit_headers(self, _: Priced) -> Headers:
        return ()


def _without_key(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: "(a key)" if name == "x-api-key" else value for name, value in headers.items()}
