"""Keeps web pages out of servers that ask nobody who they are: a browser on this machine reaches 127.0.0.1 as well.

A page elsewhere could ask them by their port (CORS), or by a name of its own that leads to 127.0.0.1 (DNS rebinding).
The first shows by what browsers say of the asking page, the second by the Host header.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

_Message = MutableMapping[str, Any]
Asgi = Callable[[_Message, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]], Awaitable[None]]


def is_own_name(host: str) -> bool:
    """Whether a Host header names this machine's loopback, with or without a port; so does one that is not there."""
    name = host.strip().lower()
    name = name if name.endswith("]") else name.rpartition(":")[0] or name
    return name in ("", "127.0.0.1", "localhost", "[::1]") or name.endswith(".localhost")


def for_programs_alone(app: Asgi) -> Asgi:
    """The application for programs, and for browsers only to follow a signed link, as those of exports are."""

    async def guarded(
        scope: _Message, receive: Callable[[], Awaitable[_Message]], send: Callable[[_Message], Awaitable[None]]
    ) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "http" and _may_pass(scope)):
            await app(scope, receive, send)
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 403, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body"})
        else:
            await send({"type": "websocket.close"})

    return guarded


def _may_pass(scope: _Message) -> bool:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    if not is_own_name(headers.get("host", "")) or "origin" in headers:
        return False
    if "sec-fetch-site" not in headers:
        return True
    follows = scope["method"] in ("GET", "HEAD") and headers.get("sec-fetch-mode") == "navigate"
    return follows and b"signature=" in scope["query_string"].lower()
