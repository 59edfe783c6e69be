"""The HTTP servers of the one-machine mode, over a socket."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local import servers


def application(_: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("404 Not Found", [("content-length", "5")])
    return [b"there"]


@pytest.fixture
def port() -> Iterator[int]:
    listening = servers.reserve(0, "the test")
    server = servers.HttpServer("test", application, listening, threads=1)
    server.start()
    yield listening.getsockname()[1]
    server.stop()


def said(port: int, method: str) -> bytes:
    """All that comes back for a request that is the last of its connection."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"{method} / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(4096), b""))


def test_head_gets_the_headers_and_nothing_that_the_next_answer_would_begin_with(port: int) -> None:
    assert said(port, "GET").endswith(b"\r\n\r\nthere")

    head = said(port, "HEAD")

    assert b"content-length: 5" in head.lower()
    assert head.endswith(b"\r\n\r\n")
