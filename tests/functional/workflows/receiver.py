"""A server of the outside, on loopback, and a network that leads to it by public names and addresses."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpcore

from leadflow.core import outbound, seams

PUBLIC = "93.184.216.34"


@dataclass
class Got:
    """A request as it came in. Header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """What is answered: a status, headers and a body; `hang_up` closes without a word."""

    status: int = 200
    body: bytes = b'{"ok": true}'
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    hang_up: bool = False


@dataclass
class Receiver:
    """Takes whatever is sent. `replies` are for the next requests, then every one is `usual`."""

    got: list[Got] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    usual: Callable[[Got], Reply] = lambda _: Reply()
    before_reply: Callable[[Got], None] | None = None
    port: int = 0

    def take(self, got: Got) -> Reply:
        self.got.append(got)
        if self.before_reply:
            self.before_reply(got)
        return self.replies.pop(0) if self.replies else self.usual(got)


@dataclass
class Internet(outbound.Network):
    """Names lead to the addresses of `names`, every public address to `receiver`; what was dialled is noted."""

    receiver: Receiver
    names: dict[str, list[str]] = field(default_factory=dict)
    dialled: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    connections: list[httpcore.NetworkStream] = field(default_factory=list)

    def resolve(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        if host in self.names:
            return self.names[host]
        if host.endswith((".example", "example.com")):
            return [PUBLIC]
        return super().resolve(host, port)

    def dial(self, address: str, port: int, timeout: float) -> httpcore.NetworkStream:
        self.dialled.append(address)
        assert address not in ("127.0.0.1", "::1"), "the guard let an address inside pass"
        self.connections.append(super().dial("127.0.0.1", self.receiver.port, timeout))
        return self.connections[-1]

    def hang_up(self) -> None:
        """Closes all connections, as the end of a process does."""
        while self.connections:
            self.connections.pop().close()


@contextmanager
def outside() -> Iterator[tuple[Receiver, Internet]]:
    """The server as long as it is needed; the product's calls to public addresses end there."""
    receiver = Receiver()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(receiver))
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    internet = Internet(receiver)
    seams.current().kept["network"] = internet
    try:
        yield receiver, internet
    finally:
        internet.hang_up()
        seams.current().forget("network")
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = receiver.take(Got(self.command, self.path, headers, body))
            if reply.hang_up:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815 - the names it is called by

        def log_message(self, *_: Any) -> None:
            """Not on the terminal."""

    return Handler
