"""HTTP servers on loopback ports of this process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

import waitress
from waitress import wasyncore

from local.errors import CannotStart

_LOOP_SECONDS = 1.0
_STOP_SECONDS = 2.0
_MAX_RECEIVED_BYTES = 64 * 1024 * 1024


def reserve(port: int, variable: str) -> socket.socket:
    """A socket bound to this port of 127.0.0.1. Raises CannotStart, naming the variable, when it is taken."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("127.0.0.1", port))
        sock.listen()
    except OSError as error:
        sock.close()
        raise CannotStart(
            f"port {port} on 127.0.0.1 cannot be used ({error.strerror}); "
            f"stop what uses it or set {variable} to another port"
        ) from error
    return sock


def _silent_to_head(app: Callable[..., Any]) -> Callable[..., Any]:
    """The application, of which HEAD gets the headers alone: any more would be taken for the start of the next answer.

    waitress leaves that to applications, and ours answer alike whatever the method is.
    """

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        said: Iterable[bytes] = app(environ, start_response)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else said

    return answer


class HttpServer:
    """A WSGI application under waitress, with its own thread and worker threads."""

    def __init__(self, name: str, app: Callable[..., Any], sock: socket.socket, threads: int) -> None:
        self._map: dict[int, Any] = {}
        self._stopped = False
        self._server = waitress.create_server(
            _silent_to_head(app),
            map=self._map,
            sockets=[sock],
            threads=threads,
            ident=None,
            connection_limit=500,
            channel_timeout=120,
            channel_request_lookahead=1,
            max_request_body_size=_MAX_RECEIVED_BYTES,
            clear_untrusted_proxy_headers=False,
        )
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Takes no more requests, and gives those under way a moment to end."""
        self._stopped = True
        self._server.trigger.pull_trigger()
        self._thread.join(_STOP_SECONDS)
        self._server.task_dispatcher.shutdown(timeout=_STOP_SECONDS)
        wasyncore.close_all(self._map, ignore_all=True)

    def _run(self) -> None:
        while not self._stopped:
            wasyncore.loop(timeout=_LOOP_SECONDS, use_poll=True, map=self._map, count=1)
        self._server.accepting = False
        self._server.socket.close()
