"""Calls to addresses that people wrote down: webhooks and model endpoints. Proof against being led inside (SSRF).

The name is resolved once, every address it has is judged (`core/addresses`), and the connection goes to the very
address that was judged, with the name kept for TLS and Host; so a name that changes its mind between look and call
changes nothing. No redirect is followed, no proxy of the environment is used, no compressed answer is unpacked. One
time bounds the whole call, from the name to the last byte, and one size the answer that is read.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpcore

from leadflow.core import addresses, seams
from leadflow.core.addresses import Refused, Target
from leadflow.core.errors import InvalidInput, OutcomeUnknown, UpstreamUnavailable
from leadflow.core.settings import settings

MAX_ANSWER_BYTES = 256 * 1024
_MOST_ADDRESSES = 4


@dataclass(frozen=True)
class Answer:
    """What came back: header names in lower case; `truncated` says that there was more than was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    truncated: bool


class Network:
    """The network as it is; tests put another under `network` into the seams."""

    def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a host. Raises OSError when it has none."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [str(one[4][0]) for one in found]

    def dial(self, address: str, port: int, timeout: float) -> httpcore.NetworkStream:
        """A connection to an address. Raises httpcore.ConnectError or ConnectTimeout."""
        return httpcore.SyncBackend().connect_tcp(address, port, timeout=timeout)


def allowed() -> frozenset[str]:
    """`host:port` pairs that may be called though they are inside: those of the one-machine mode's settings."""
    return settings().outbound_allowed


def request(
    method: str,
    url: str,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    *,
    seconds: float,
    field: str = "url",
    most_bytes: int = MAX_ANSWER_BYTES,
) -> Answer:
    """One call, never repeated here; `seconds` bounds all of it, `field` names the URL in what is raised.

    At most `most_bytes` of the answer are read.

    Raises InvalidInput for an address that is not called, UpstreamUnavailable when the request certainly was not made,
    OutcomeUnknown when it may have been: anything that broke after the connection stood.
    """
    try:
        # It tells of headers and hosts when somebody listens to it.
        logging.getLogger("httpcore").setLevel(logging.WARNING)
        target = addresses.target_of(url, allowed())
        call = _Call(target, time.monotonic() + seconds, most_bytes)
        return call.answer(method, [("Host", target.authority), *headers], body)
    except Refused as refused:
        raise InvalidInput(field, str(refused)) from refused


class _Call:
    """One request within its time."""

    def __init__(self, target: Target, deadline: float, most_bytes: int) -> None:
        self.target = target
        self.deadline = deadline
        self.most_bytes = most_bytes
        self.connected = False

    def answer(self, method: str, headers: Sequence[tuple[str, str]], body: bytes) -> Answer:
        target = self.target
        url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        raw = [(name.encode(), value.encode()) for name, value in headers]
        # Only the deadline bounds the single steps.
        backend = _Checked(self)
        try:
            with (
                httpcore.ConnectionPool(ssl_context=_tls(), max_connections=1, network_backend=backend) as pool,
                pool.stream(method, url, headers=raw, content=body) as response,
            ):
                content, truncated = _read(response.iter_stream(), self.most_bytes)
                named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
                return Answer(response.status, named, content, truncated)
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            raise UpstreamUnavailable("The host cannot be reached.") from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            if not self.connected:
                raise UpstreamUnavailable("The host cannot be reached.") from error
            late = isinstance(error, httpcore.TimeoutException)
            raise OutcomeUnknown("The answer took too long." if late else "The connection broke.") from error

    @property
    def left(self) -> float:
        return self.deadline - time.monotonic()

    def connect(self) -> httpcore.NetworkStream:
        """A connection to the first address that answers. Raises Refused when any of them is one never called."""
        network: Network = seams.current().remember("network", Network)
        error: Exception | None = None
        for address in self._addresses(network)[:_MOST_ADDRESSES]:
            if self.left <= 0:
                break
            try:
                return _Bounded(network.dial(address, self.target.port, self.left), self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error or httpcore.ConnectTimeout("no time left")

    def _addresses(self, network: Network) -> list[str]:
        found = list(dict.fromkeys(_resolved(network, self.target, self.left)))
        if f"{self.target.host}:{self.target.port}" not in allowed():
            for address in found:
                addresses.judge(address)
        # Where there is no IPv6, its addresses fail at once, but not everywhere.
        return sorted(found, key=lambda address: ":" in address)


class _Checked(httpcore.NetworkBackend):
    """Connects where the call says, whatever it is asked for."""

    def __init__(self, call: _Call) -> None:
        self._call = call

    def connect_tcp(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        return self._call.connect()


class _Bounded(httpcore.NetworkStream):
    """A connection whose every step has the time that is left of the call."""

    def __init__(self, stream: httpcore.NetworkStream, call: _Call) -> None:
        self._stream = stream
        self._call = call

    def read(self, max_bytes: int, *_: Any, **__: Any) -> bytes:
        return self._stream.read(max_bytes, self._left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, *_: Any, **__: Any) -> None:
        self._call.connected = True
        self._stream.write(buffer, self._left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, *_: Any, **__: Any
    ) -> httpcore.NetworkStream:
        # Without a handshake nothing was asked for yet.
        left = self._left(httpcore.ConnectTimeout)
        return _Bounded(self._stream.start_tls(ssl_context, server_hostname, left), self._call)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _left(self, late: type[Exception]) -> float:
        if self._call.left <= 0:
            raise late("no time left")
        return self._call.left


def _resolved(network: Network, target: Target, seconds: float) -> list[str]:
    """What the resolver says; it takes no time limit, so it works beside us and is left behind when it is late."""
    found: list[str] = []
    failed: list[OSError | UnicodeError] = []

    def ask() -> None:
        try:
            found.extend(network.resolve(target.host, target.port))
        except (OSError, UnicodeError) as error:
            failed.append(error)

    asking = threading.Thread(target=ask, name="resolver", daemon=True)
    asking.start()
    asking.join(max(seconds, 0))
    if asking.is_alive() or failed or not found:
        raise httpcore.ConnectError("the host has no address")
    return found


def _read(chunks: Iterable[bytes], most_bytes: int) -> tuple[bytes, bool]:
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > most_bytes:
            return bytes(content[:most_bytes]), True
    return bytes(content), False


def _tls() -> ssl.SSLContext:
    return seams.current().remember("tls outbound", httpcore.default_ssl_context)
