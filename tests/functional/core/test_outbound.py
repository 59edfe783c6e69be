"""Outbound calls against real servers on loopback: time, size, TLS and addresses."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from leadflow.core import outbound, seams
from leadflow.core.errors import InvalidInput, OutcomeUnknown, UpstreamUnavailable
from tests.functional.workflows.receiver import PUBLIC, Internet, Receiver

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Serve = Callable[[socket.socket], None]


@contextmanager
def serving(serve: Serve, tls: ssl.SSLContext | None = None) -> Iterator[Internet]:
    """A server that does this with each connection, and a network whose public addresses lead to it."""
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                try:
                    with tls.wrap_socket(connection, server_side=True) if tls else connection as secured:
                        serve(secured)
                except OSError:
                    continue

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    internet = Internet(Receiver(port=listening.getsockname()[1]))
    seams.current().kept["network"] = internet
    try:
        yield internet
    finally:
        seams.current().forget("network")
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def get(url: str = "http://api.example/x", seconds: float = 5.0) -> outbound.Answer:
    return outbound.request("GET", url, [("X-One", "é")], b"", seconds=seconds)


def answering(answer: bytes) -> Serve:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    return serve


def dripping(first: bytes, drop: bytes) -> Serve:
    """Sends a byte now and then, so that no single wait is ever long."""

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(first)
        while True:
            connection.sendall(drop)
            time.sleep(0.02)

    return serve


def test_an_answer_is_read() -> None:
    with serving(answering(OK)) as internet:
        answer = get()

    assert (answer.status, answer.body, answer.truncated) == (200, b"ok", False)
    assert internet.dialled == [PUBLIC]


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["headers", "body", "informational"],
)
def test_the_whole_call_has_one_time(first: bytes, drop: bytes) -> None:
    with serving(dripping(first, drop)), pytest.raises(OutcomeUnknown, match="took too long"):
        get(seconds=0.3)


def test_a_resolver_that_does_not_answer_is_left_behind() -> None:
    with serving(answering(OK)) as internet:
        stuck = threading.Event()
        internet.resolve = lambda *_: [PUBLIC] if stuck.wait(30) else []  # type: ignore[method-assign]
        with pytest.raises(UpstreamUnavailable):
            get(seconds=0.2)
        stuck.set()

    assert internet.dialled == []


def test_only_so_much_is_read() -> None:
    with serving(dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 60_000)):
        answer = get(seconds=2.5)

    assert (len(answer.body), answer.truncated) == (outbound.MAX_ANSWER_BYTES, True)


def test_what_is_packed_stays_packed() -> None:
    with serving(answering(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08")):
        assert get().body == b"\x1f\x8b\x08"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    moved = f"HTTP/1.1 {status} Moved\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    with serving(answering(moved.encode())) as internet:
        assert get().status == status

    assert internet.asked == ["api.example"]


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"])
def test_an_answer_that_breaks_leaves_it_unknown(answer: bytes) -> None:
    with serving(answering(answer)), pytest.raises(OutcomeUnknown):
        get()


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    with serving(answering(OK)) as internet:
        internet.names["api.example"] = ["2606:4700::1", "93.184.216.35", PUBLIC]
        dial = internet.dial

        def picky(address: str, port: int, timeout: float) -> httpcore.NetworkStream:
            if address != "2606:4700::1":
                internet.dialled.append(address)
                raise httpcore.ConnectError("no")
            return dial(address, port, timeout)

        internet.dial = picky  # type: ignore[method-assign]
        assert get().status == 200

    assert internet.dialled == ["93.184.216.35", PUBLIC, "2606:4700::1"], "IPv4 first"


def test_what_nobody_answers_was_not_made() -> None:
    with serving(answering(OK)) as internet:
        internet.names["api.example"] = []
        with pytest.raises(UpstreamUnavailable):
            get()


def test_an_address_that_cannot_be_called_is_named_by_its_field() -> None:
    with serving(answering(OK)) as internet:
        internet.names["api.example"] = [PUBLIC, "192.168.1.1"]
        with pytest.raises(InvalidInput, match="url: the host leads to a private or reserved network"):
            get()

    assert internet.dialled == []


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Of a server called so, and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "both.pem").write_bytes(private + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "both.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


@pytest.mark.parametrize(("name", "is_called"), [("api.example", True), ("other.example", False)])
def test_tls_is_for_the_name_not_the_address(tmp_path: Path, name: str, is_called: bool) -> None:
    server, client = certificate(tmp_path, name)
    names: list[str] = []
    server.sni_callback = lambda _socket, asked, _context: names.append(asked)
    seams.current().kept["tls outbound"] = client
    with serving(answering(OK), server):
        if is_called:
            assert get("https://api.example/x").status == 200
        else:
            with pytest.raises(UpstreamUnavailable):
                get("https://api.example/x")

    assert names == ["api.example"]


def test_nothing_of_a_call_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with serving(answering(b"HTTP/1.1 200 OK\r\nX-Person: ada\r\nContent-Length: 2\r\n\r\nok")):
        get("http://api.example/ada@example.com")

    assert "ada" not in caplog.text
    assert "api.example" not in caplog.text


@pytest.mark.parametrize(("stage", "is_called"), [("local", True), ("prod", False)])
def test_only_the_one_machine_mode_may_call_inside(
    monkeypatch: pytest.MonkeyPatch, stage: str, is_called: bool
) -> None:
    with serving(answering(OK)) as internet:
        pair = f"127.0.0.1:{internet.receiver.port}"
        monkeypatch.setenv("STAGE", stage)
        monkeypatch.setenv("OUTBOUND_ALLOWED", f"127.0.0.1:1, {pair}")
        seams.current().forget("settings")
        seams.current().forget("network")
        if is_called:
            assert get(f"http://{pair}/").status == 200
        else:
            with pytest.raises(InvalidInput, match="the port must be one of"):
                get(f"http://{pair}/")
