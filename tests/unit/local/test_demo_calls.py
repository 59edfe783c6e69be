"""The demo's caller outlasts what may pass and reports what stays."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from local.client import Refused
from local.demo import calls
from local.demo.calls import Caller, GaveUp

Answers = list[tuple[int, dict[str, str]]]


class Stub:
    """Answers one prepared answer after the other, and then 200; remembers the keys it saw."""

    def __init__(self) -> None:
        self.answers: Answers = []
        self.keys: list[str | None] = []
        self.url = ""


@pytest.fixture
def stub() -> Iterator[Stub]:
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            stub.keys.append(self.headers["Idempotency-Key"])
            status, headers = stub.answers.pop(0) if stub.answers else (200, {})
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "11"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b'{"id": "a"}')

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield stub
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_PAUSE", 0.01)
    monkeypatch.setattr(calls, "PATIENCE", 0.2)


def test_what_may_pass_is_tried_again_under_the_same_key(stub: Stub) -> None:
    stub.answers = [(503, {}), (429, {}), (409, {"Retry-After": "1"}), (201, {})]
    caller = Caller(lambda: (stub.url, "key"), threading.Event())

    assert caller.post("/things", {}, "once") == {"id": "a"}
    assert stub.keys == ["once"] * 4
    caller.close()


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_what_stays_is_refused_at_once(stub: Stub, status: int) -> None:
    stub.answers = [(status, {})]
    caller = Caller(lambda: (stub.url, "key"), threading.Event())

    with pytest.raises(Refused) as refused:
        caller.post("/things", {}, "once")

    assert refused.value.status == status
    assert len(stub.keys) == 1
    caller.close()


def test_a_server_that_comes_back_elsewhere_is_found(stub: Stub) -> None:
    places = iter(["http://127.0.0.1:1"])
    caller = Caller(lambda: (next(places, stub.url), None), threading.Event())

    assert caller.post("/things", {}, "once") == {"id": "a"}
    caller.close()


def test_nobody_waits_for_ever(stub: Stub) -> None:
    caller = Caller(lambda: ("http://127.0.0.1:1", None), threading.Event())

    with pytest.raises(GaveUp, match="POST /things had no answer"):
        caller.post("/things", {}, "once")
    caller.close()


def test_a_stopped_demo_tries_nothing_again(stub: Stub) -> None:
    stopped = threading.Event()
    stopped.set()
    caller = Caller(lambda: ("http://127.0.0.1:1", None), stopped)

    with pytest.raises(GaveUp, match="not tried again"):
        caller.post("/things", {}, "once")
    caller.close()
