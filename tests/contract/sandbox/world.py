"""The sandbox served for real on a loopback port, and a small server that plays the product it calls."""

from __future__ import annotations

import base64
import copy
import functools
import itertools
import json
import random
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from local import servers
from local.sandbox.providers.sendgrid import SUBSTITUTION_BYTES
from local.sandbox.server import Sandbox

PATIENCE = 20.0
# A sandbox that is started again over the same files must not make the ids of its predecessor anew.
_seeds = itertools.count(7)
ADMIN_KEY = "admin-key-of-the-test"
SAMPLE = Path(__file__).parents[3] / "events" / "providers" / "sendgrid" / "mail_send.json"


def mail(**changes: Any) -> dict[str, Any]:
    """A send request for one recipient that SendGrid takes; a change to None leaves that part out."""
    request: dict[str, Any] = {
        "personalizations": [{"to": [{"email": "ana@example.com", "name": "Ana Ruiz"}]}],
        "from": {"email": "hello@leadflow.test", "name": "Leadflow"},
        "subject": "A short question",
        "content": [
            {"type": "text/plain", "value": "Hello there"},
            {"type": "text/html", "value": "<p>Hello there</p>"},
        ],
        **changes,
    }
    return {name: value for name, value in request.items() if value is not None}


def sample() -> dict[str, Any]:
    return json.loads(SAMPLE.read_text(encoding="utf-8"))


def to(*addresses: str) -> list[dict[str, Any]]:
    """One personalization for each address."""
    return [{"to": [{"email": address}]} for address in addresses]


class MovableClock:
    """Real time, which a test may push ahead."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds


@dataclass
class Posted:
    """One webhook as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def events(self) -> list[dict[str, Any]]:
        return json.loads(self.body)


@dataclass
class Product:
    """Lists its channels, and answers webhooks with `status`; `answers`, while there are any, go first.

    While `answering` is cleared, webhooks are taken in and their answers wait.
    """

    channels: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    answers: list[int] = field(default_factory=list)
    posted: list[Posted] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    page_size: int = 100
    url: str = ""
    answering: threading.Event = field(default_factory=threading.Event)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self.answering.set()

    def add_channel(self, name: str = "email-1", **fields: Any) -> None:
        self.channels.insert(
            0,
            {
                "id": name,
                "channel_type": "email",
                "is_active": True,
                "from_email": "hello@leadflow.test",
                "created_at": f"2026-03-02T09:00:00.{len(self.channels):03d}Z",
                "webhook_url": f"{self.url}/hook/{name}",
                **fields,
            },
        )

    def take(self, posted: Posted) -> int:
        with self._changed:
            self.posted.append(posted)
            self._changed.notify_all()
            status = self.answers.pop(0) if self.answers else self.status
        self.answering.wait(PATIENCE)
        return status

    def wait_for(self, condition: Callable[[list[Posted]], bool], clock: MovableClock | None = None) -> list[Posted]:
        """What was posted, once the condition holds for it; fails the test when it never does.

        A clock that is given runs ahead meanwhile, for what comes only after some time.
        """
        give_up = time.monotonic() + PATIENCE
        with self._changed:
            while not condition(self.posted):
                assert time.monotonic() < give_up, self.posted
                self._changed.wait(0.05)
                if clock is not None:
                    clock.advance(1)
            return list(self.posted)

    def wait_for_events(self, count: int) -> list[dict[str, Any]]:
        """Every event posted so far, once there are so many."""
        posted = self.wait_for(lambda posts: sum(len(post.events) for post in posts) >= count)
        return [event for post in posted for event in post.events]

    def page(self, cursor: str | None) -> dict[str, Any]:
        start = int(cursor or 0)
        end = start + self.page_size
        return {
            "items": self.channels[start:end],
            "next_cursor": str(end) if end < len(self.channels) else None,
        }


@contextmanager
def product_running(product: Product) -> Iterator[Product]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = httpx.URL(self.path)
            product.asked.append(self.path)
            allowed = self.headers["Authorization"] == f"Bearer {ADMIN_KEY}" and url.path == "/channels"
            answer = json.dumps(product.page(url.params.get("cursor")) if allowed else {}).encode()
            self._answer(200 if allowed else 401, answer)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._answer(product.take(Posted(self.path, headers, body)), b"")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    product.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield product
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@functools.cache
def tls() -> ssl.SSLContext:
    """Made once: loading the authorities takes longer than most tests."""
    return ssl.create_default_context()


class Running:
    """A sandbox that is up, and what a caller does with it."""

    def __init__(self, sandbox: Sandbox, url: str) -> None:
        self.sandbox = sandbox
        self.http = httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False, verify=tls())

    def send(self, request: Any, **options: Any) -> httpx.Response:
        headers = {"Authorization": "Bearer SG.any", **options.pop("headers", {})}
        return self.http.post("/sendgrid/v3/mail/send", json=request, headers=headers, **options)

    def sent(self, **query: str) -> list[dict[str, Any]]:
        return self.http.get("/sent", params=query).raise_for_status().json()["items"]

    def simulate(self, **asked: Any) -> httpx.Response:
        return self.http.post("/simulate", json={"provider": "sendgrid", **asked})

    def waiting(self) -> int:
        """How many webhook payloads the page shows as waiting."""
        found = re.search(r"webhooks waiting</dt><dd>([\d,]+)", self.http.get("/").text)
        assert found
        return int(found.group(1).replace(",", ""))

    def behave(self, **behaviour: Any) -> httpx.Response:
        return self.http.put("/behaviour/sendgrid", json=behaviour)


@contextmanager
def sandbox_running(
    data_dir: Path,
    product: Product | None = None,
    *,
    clock: Callable[[], float] = time.time,
    threads: int = 16,
    substitution_bytes: int = SUBSTITUTION_BYTES,
) -> Iterator[Running]:
    """A sandbox over this data directory, under the server that the one-machine mode uses, on a free port."""
    api = (product.url, ADMIN_KEY) if product else None
    sandbox = Sandbox(
        data_dir,
        lambda: api,
        clock=clock,
        chance=random.Random(next(_seeds)),  # noqa: S311 - the same in every run
        substitution_bytes=substitution_bytes,
    )
    listening = servers.reserve(0, "the test")
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = servers.HttpServer("sandbox", sandbox, listening, threads)
    sandbox.start()
    server.start()
    running = Running(sandbox, url)
    try:
        yield running
    finally:
        running.http.close()
        sandbox.let_go()
        server.stop()
        sandbox.close()


def is_signed(posted: Posted, public_key: str) -> bool:
    """Whether a webhook verifies the way SendGrid documents it: ECDSA, SHA-256, over timestamp and raw body."""
    key = serialization.load_der_public_key(base64.b64decode(public_key))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    signature = base64.b64decode(posted.headers["x-twilio-email-event-webhook-signature"])
    timestamp = posted.headers["x-twilio-email-event-webhook-timestamp"]
    try:
        key.verify(signature, timestamp.encode() + posted.body, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def with_change(request: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with one part replaced; the path is written as SendGrid writes a `field`."""
    changed = copy.deepcopy(request)
    *parents, last = path.split(".")
    part: Any = changed
    for name in parents:
        part = part[int(name)] if name.isdigit() else part.setdefault(name, {})
    part[int(last) if last.isdigit() else last] = value
    return changed
