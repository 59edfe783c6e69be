"""Servers of the one-machine mode that ask nobody who they are answer programs, and no page of the web."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from local import loopback

OWN = "http://127.0.0.1:4566"
SIGNED = "/bucket/exports/1.csv?X-Amz-Signature=abc"


async def _open_to_all(_scope: Any, _receive: Any, send: Any) -> None:
    headers = [(b"access-control-allow-origin", b"*")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"everything"})


def ask(url: str = OWN, method: str = "POST", **headers: str) -> int:
    async def asking() -> httpx.Response:
        transport = httpx.ASGITransport(loopback.for_programs_alone(_open_to_all))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.request(method, url, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return asyncio.run(asking()).status_code


def test_programs_are_answered() -> None:
    assert ask() == ask("http://localhost:4566") == ask("http://[::1]:4566") == 200
    assert ask("http://bucket.localhost:4566/key", "GET") == 200


@pytest.mark.parametrize("method", ["OPTIONS", "POST", "GET", "PUT"])
def test_no_page_of_the_web_is(method: str) -> None:
    assert ask(method=method, origin="https://evil.example") == 403
    assert ask(method=method, origin="null", sec_fetch_site="cross-site") == 403
    assert ask("http://evil.example:4566", method) == 403, "a name of its own that leads to 127.0.0.1"
    assert ask("http://127.0.0.1.evil.example:4566", method) == 403
    assert ask(f"{OWN}/?Action=DeleteQueue", method, sec_fetch_site="cross-site", sec_fetch_mode="no-cors") == 403


def test_a_browser_may_follow_a_signed_link() -> None:
    navigating = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}

    assert ask(OWN + SIGNED, "GET", **navigating) == 200
    assert ask(f"{OWN}/bucket/exports/1.csv", "GET", **navigating) == 403
    assert ask(OWN + SIGNED, "POST", **navigating) == 403
    assert ask(OWN + SIGNED, "GET", sec_fetch_site="cross-site", sec_fetch_mode="cors") == 403


def test_a_socket_is_closed() -> None:
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    asyncio.run(loopback.for_programs_alone(_open_to_all)({"type": "websocket"}, None, send))  # type: ignore[arg-type]

    assert said == [{"type": "websocket.close"}]
