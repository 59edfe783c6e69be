"""HTTP calls that outlast a server's restart."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx

from local.client import Refused

PATIENCE = 120.0
_PAUSE = 0.25
_PASSING = frozenset({429, 500, 502, 503, 504})


class GaveUp(Exception):
    """Nothing went on for two minutes, or the demo is stopped; says what was waited for."""


class Caller:
    """Calls one server, again and again while it cannot be reached or says that it cannot answer now.

    `address` gives the base URL and the API key (None for no key); it is asked before every try, since a server that
    comes back may come back elsewhere. Once `stopped` is set, nothing is tried again.
    """

    def __init__(self, address: Callable[[], tuple[str, str | None]], stopped: threading.Event) -> None:
        self._address = address
        self._stopped = stopped
        self._client = httpx.Client(timeout=30, trust_env=False)

    def get(self, path: str, **options: Any) -> Any:
        """The JSON at a path. Raises Refused for an error that stays, GaveUp after two minutes of one that may pass."""
        return self.ask("GET", path, **options).json()

    def post(self, path: str, body: Any, key: str) -> Any:
        """The JSON answer to a post that is made once, however often it is tried: `key` is its Idempotency-Key."""
        return self.ask("POST", path, json=body, headers={"Idempotency-Key": key}).json()

    def every(self, path: str) -> list[Any]:
        """All items of a list, page by page."""
        items: list[Any] = []
        cursor: str | None = None
        while True:
            page = self.get(path, params={"limit": "100"} | ({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> httpx.Response:
        """The answer, which is a 2xx. Raises as `get` does."""
        give_up = time.monotonic() + PATIENCE
        while True:
            url, key = self._address()
            sent = {**({"Authorization": f"Bearer {key}"} if key else {}), **(headers or {})}
            try:
                answer = self._client.request(method, url + path, headers=sent, **options)
            except httpx.TransportError as error:
                trouble = type(error).__name__
            else:
                if answer.is_success:
                    return answer
                if not _may_pass(answer):
                    raise Refused(method, path, answer.status_code, _content(answer))
                trouble = str(answer.status_code)
            if self._stopped.wait(_PAUSE):
                raise GaveUp(f"{method} {path} was not tried again")
            if time.monotonic() > give_up:
                raise GaveUp(f"{method} {path} had no answer for {PATIENCE:g} seconds (last: {trouble})")

    def close(self) -> None:
        self._client.close()


def _may_pass(answer: httpx.Response) -> bool:
    """A 409 that says when to come back is an earlier try of the same post that is still under way."""
    return answer.status_code in _PASSING or (answer.status_code == 409 and "retry-after" in answer.headers)


def _content(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text[:500]
