"""SendGrid, as far as sending mail goes: the v3 send API and what a channel check asks, with signed event webhooks."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

from local.sandbox.behaviours import Behaviour
from local.sandbox.mailbox import Addressee, Kept
from local.sandbox.outbox import Route
from local.sandbox.providers import inbound_parse
from local.sandbox.providers.contract import Post, Simulation, Staged, World
from local.sandbox.providers.sendgrid import events, mail, message_rules
from local.sandbox.providers.sendgrid.problems import Problem, refuse
from local.sandbox.providers.sendgrid.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, SigningKey
from local.sandbox.wire import Refused, Request, Response, json_response

SUBSTITUTION_BYTES = 10_000
_LARGEST = 30_000_000
# The caller should have its answer before it hears of the mail's fate; seconds.
_EVENT_DELAY = 0.25
_TOO_LARGE = (
    b"<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n<center><h1>413 Request Entity"
    b" Too Large</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_SCOPES = ["mail.batch.create", "mail.send", "user.account.read", "user.webhooks.event.settings.read"]
_SEND = "/v3/mail/send"
_READABLE: dict[str, Any] = {
    "/v3/scopes": {"scopes": _SCOPES},
    "/v3/user/account": {"type": "paid", "reputation": 99.7},
}


class _TooLarge(Exception):
    pass


class SendGrid:
    """Keeps what it accepts and queues `processed` and `delivered` for every recipient, in one transaction."""

    name = "sendgrid"
    channels: Sequence[str] = ("email",)
    events: Sequence[str] = (*events.EVENTS, "inbound")
    everyday: Sequence[str] = ("open", "machine_open", "click", "bounce", "spamreport", "unsubscribe")
    # About 500 bytes an event: below the 768 KB at which SendGrid closes a batch.
    batch = 1_000

    def __init__(self, world: World, substitution_bytes: int = SUBSTITUTION_BYTES) -> None:
        self._world = world
        self._substitution_bytes = substitution_bytes
        self._key = SigningKey.of(world.folder)

    def public_key(self) -> str:
        return self._key.public_key()

    def answer(self, request: Request) -> Response:
        method = "POST" if request.path == _SEND else "GET" if request.path in _READABLE else None
        if method is None:
            return refuse(404, Problem("not found"))
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return refuse(401, Problem("Permission denied, wrong credentials"))
        if request.method != method:
            return refuse(405, Problem("method not allowed"))
        return self._send(request) if method == "POST" else json_response(200, _READABLE[request.path])

    def _send(self, request: Request) -> Response:
        if request.headers["content-type"].partition(";")[0].strip().lower() != "application/json":
            return refuse(415, Problem("Content-Type should be application/json.", "content-type"))
        try:
            value = json.loads(_plain_body(request).decode())
        except _TooLarge:
            return Response(413, _TOO_LARGE, (("Content-Type", "text/html"),))
        except UnicodeDecodeError:
            return refuse(415, Problem("Invalid UTF8 in request"))
        except (ValueError, OSError, EOFError, zlib.error):
            return refuse(400, Problem("Bad Request"))
        if not isinstance(value, dict):
            return refuse(400, Problem("Bad Request"))
        problems = message_rules.check(value, self._world.clock(), self._substitution_bytes)
        if problems:
            return refuse(400, *problems)
        if ((value.get("mail_settings") or {}).get("sandbox_mode") or {}).get("enable"):
            return Response(200)
        return Response(202, headers=(("X-Message-Id", self._accept(value)),))

    def _accept(self, value: dict[str, Any]) -> str:
        world = self._world
        request_id, now = world.token(), world.clock()
        server = f"recvd-{world.chance.randbytes(5).hex()}-1-{int(now):X}"
        shared, letters = mail.take_apart(value, request_id, server)
        sent = [self._kept(shared, one.own, each, request_id, now) for one in letters for each in one.addressees]
        queued: dict[float, list[dict[str, Any]]] = {now: [events.make(world, each, "processed") for each in sent]}
        for each in sent:
            leaves_at = max(now, each.own.get("send_at") or shared.get("send_at") or 0)
            event = events.make(world, each, "delivered", timestamp=int(leaves_at))
            queued.setdefault(leaves_at, []).append(event)
        with world.database.transaction():
            world.mailbox.keep(self.name, request_id, now, shared, letters)
            for moment, payloads in queued.items():
                world.outbox.add(self._route(shared), payloads, moment + _EVENT_DELAY)
        return request_id

    def _kept(
        self, shared: dict[str, Any], own: dict[str, Any], addressee: Addressee, request_id: str = "", at: float = 0
    ) -> Kept:
        """A mail that is being taken, before it has a number."""
        return Kept(0, addressee.id, addressee.recipient, self.name, request_id, at, shared, own)

    def refusal(self, behaviour: Behaviour, request: Request) -> Response:
        match behaviour.mode:
            case "bad_token":
                return refuse(401, Problem("The provided authorization grant is invalid, expired, or revoked"))
            case "rate_limit":
                lifts_at = int(self._world.clock() + (60 if behaviour.retry_after is None else behaviour.retry_after))
                limits = (
                    ("X-RateLimit-Limit", "600"),
                    ("X-RateLimit-Remaining", "0"),
                    ("X-RateLimit-Reset", str(lifts_at)),
                )
                return json_response(429, {"errors": [{"field": None, "message": "too many requests"}]}, limits)
            case "server_error":
                return json_response(500, {"errors": [{"message": "Internal Server Error"}]})
            case _:
                rows = self._rows_meant(behaviour, request)
                why = "Does not contain a valid address."
                return refuse(400, *(Problem(why, f"personalizations.{row}.to.0.email") for row in rows))

    def texts(self, request: Request) -> Iterator[str]:
        """Addresses, and subject and content with each recipient's substitutions, of a request that is valid."""
        for _, text in self._texts_by_row(request):
            yield text

    def _rows_meant(self, behaviour: Behaviour, request: Request) -> list[int]:
        """The personalizations that a behaviour is meant for; the first when it is meant for every request."""
        if behaviour.match is None:
            return [0]
        return sorted({row for row, text in self._texts_by_row(request) if behaviour.match in text})

    def _texts_by_row(self, request: Request) -> Iterator[tuple[int, str]]:
        """The texts of a request, each with the place of its personalization."""
        if request.method != "POST":
            return
        try:
            value = json.loads(_plain_body(request).decode())
        except (ValueError, OSError, EOFError, zlib.error, _TooLarge):
            return
        if not isinstance(value, dict) or message_rules.check(value, self._world.clock(), self._substitution_bytes):
            return
        shared, letters = mail.take_apart(value, "", "")
        for row, letter in enumerate(letters):
            for each in letter.addressees:
                shown = mail.show(self._kept(shared, letter.own, each))
                texts = (each.recipient, shown["subject"], shown["body"], shown["html"] or "")
                yield from ((row, text) for text in texts)

    def show(self, kept: Kept) -> dict[str, Any]:
        return mail.show(kept)

    def simulate(self, simulation: Simulation) -> Staged:
        if "inbound" in simulation.events:
            return inbound_parse.staged(self._world, simulation)
        if simulation.message_id is None and simulation.to is None:
            raise Refused(422, "say which mail: by `message_id`, or by `to` for the latest to that address", "to")
        kept = self._world.mailbox.find(self.name, simulation.message_id, simulation.to)
        if kept is None:
            named = "to" if simulation.message_id is None else "message_id"
            raise Refused(404, "no such mail was sent", named)
        fields = dict(simulation.extra or {})
        if simulation.url is not None:
            fields["url"] = simulation.url
        payloads = [events.make(self._world, kept, name, **fields) for name in simulation.events]
        return Staged(self._route(kept.shared), payloads)

    def event_name(self, payload: dict[str, Any]) -> str:
        return str(payload["event"])

    def webhook(self, _url: str, payloads: Sequence[dict[str, Any]]) -> Post:
        """A JSON array with CRLF between its lines and at its end, as SendGrid sends it: only raw bytes verify."""
        lines = ",\r\n".join(json.dumps(each, separators=(",", ":")) for each in payloads)
        body = f"[{lines}]\r\n".encode()
        timestamp = str(int(self._world.clock()))
        signed = ((SIGNATURE_HEADER, self._key.sign(timestamp, body)), (TIMESTAMP_HEADER, timestamp))
        return Post(body, (("Content-Type", "application/json"), ("User-Agent", "SendGrid Event API"), *signed))

    def _route(self, shared: dict[str, Any]) -> Route:
        return Route(self.name, "email", shared["from"]["email"])


def _plain_body(request: Request) -> bytes:
    """The body, unpacked when it is gzip. Raises _TooLarge at 30 MB, however small it was packed."""
    body = request.body
    if request.headers.get("content-encoding", "").lower() == "gzip" and len(body) < _LARGEST:
        with gzip.open(BytesIO(body)) as unpacked:
            body = unpacked.read(_LARGEST)
    if len(body) >= _LARGEST:
        raise _TooLarge
    return body
