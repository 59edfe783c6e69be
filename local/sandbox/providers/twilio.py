"""Twilio's messages API, as documented: form posts with Basic auth, statuses by signed callbacks, people who write.

https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, urlencode

from local.sandbox.behaviours import Behaviour
from local.sandbox.mailbox import Addressee, Kept, Letter
from local.sandbox.outbox import Route
from local.sandbox.providers.contract import Post, Simulation, Staged, World
from local.sandbox.providers.people import DAY, People
from local.sandbox.providers.pictures import picture
from local.sandbox.providers.quiet import retry_after
from local.sandbox.providers.secrets import Secrets
from local.sandbox.wire import Refused, Request, Response, json_response

_PATH = re.compile(r"/2010-04-01/Accounts/(?P<account>[^/]+)(?P<rest>\.json|/Messages.*)")
_MEDIA = re.compile(r"/Messages/[^/]+/Media/[^/]+")
_ADDRESS = re.compile(r"(whatsapp:)?(\+[1-9][0-9]{4,14}|[A-Z]{2}\.[A-Za-z0-9]{1,128})")
_WHATSAPP = "whatsapp:"
_LONGEST_BODY = 1_600
_MOST_MEDIA = 10
_STATUSES = ("sent", "delivered", "read", "failed", "undelivered")
_FAILED = ("failed", "undelivered")
_OUT = ("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout")
_IN = ("start", "yes", "unstop")
# The caller should have its answer before it hears of the message's fate; seconds.
_DELAYS = {"sent": 0.2, "delivered": 0.4, "failed": 0.4}
_WINDOW_CLOSED = "63016"
_SOMEBODY = "+14155550123"
Form = dict[str, list[str]]


class Twilio:
    """Keeps what it accepts and queues the callbacks that follow in one transaction. STOP ends, START resumes."""

    name = "twilio"
    channels: Sequence[str] = ("sms", "whatsapp")
    events: Sequence[str] = ("inbound", *_STATUSES)
    everyday: Sequence[str] = ("inbound", "read", "failed")
    batch = 1

    def __init__(self, world: World, secrets: Secrets) -> None:
        self._world = world
        self._secrets = secrets
        self._people = People(world, self.name)

    def answer(self, request: Request) -> Response:
        if request.path.startswith("/media/"):
            return picture()
        found = _PATH.fullmatch(request.path)
        if found is None:
            return _error(404, 20404, "The requested resource was not found")
        token = _token(request)
        if not token:
            return _error(401, 20003, "Authenticate")
        account, rest = found["account"], found["rest"]
        if _MEDIA.fullmatch(rest):
            return Response(307, headers=(("Location", f"/twilio/media/{rest.rpartition('/')[2]}"),))
        if rest == ".json":
            return json_response(200, {"sid": account, "status": "active", "type": "Full"})
        if rest == "/Messages.json" and request.method == "POST":
            return self._send(account, token, _form(request.body))
        if request.method == "GET" and rest == "/Messages.json":
            return self._list(account, request.query)
        kept = self._world.mailbox.find(self.name, rest.removeprefix("/Messages/").removesuffix(".json"), None)
        return json_response(200, _resource(account, kept)) if kept else _error(404, 20404, "Not found")

    def _send(self, account: str, token: str, form: Form) -> Response:
        wrong = self._fault(form)
        if wrong:
            return _error(400, *wrong)
        sid, now = (
            f"{'MM' if form.get('MediaUrl') else 'SM'}{self._world.chance.randbytes(16).hex()}",
            self._world.clock(),
        )
        own = {"form": form, "account": account, "token": token}
        letter = Letter(own, [Addressee(sid, _bare(form["To"][0]))])
        kept = Kept(0, sid, _bare(form["To"][0]), self.name, sid, now, {}, own)
        callbacks = [(self._callback(kept, name, code), delay) for name, code, delay in self._fate(form)]
        with self._world.database.transaction():
            self._world.mailbox.keep(self.name, sid, now, {}, [letter])
            for callback, delay in callbacks:
                if callback["callback"]:
                    self._world.outbox.add(self._route(form), [callback], now + delay)
        return json_response(201, _resource(account, kept))

    def _fault(self, form: Form) -> tuple[int, str] | None:
        """The code and words of what is wrong with a request; None when it is good."""
        to, sender = (form.get(name, [""])[0] for name in ("To", "From"))
        body = form.get("Body", [""])[0]
        if not _ADDRESS.fullmatch(to):
            return 21211, "Invalid 'To' Phone Number"
        if not sender and not form.get("MessagingServiceSid"):
            return 21603, "A 'From' or 'MessagingServiceSid' is required"
        if sender and not _ADDRESS.fullmatch(sender):
            return 21212, "Invalid 'From' Phone Number"
        if sender and to.startswith(_WHATSAPP) != sender.startswith(_WHATSAPP):
            return 21910, "Invalid From and To pair. From and To should be of the same channel"
        if to == sender:
            return 21266, "'To' and 'From' number cannot be the same"
        if not (body or form.get("MediaUrl") or form.get("ContentSid")):
            return 21602, "Message body is required"
        if len(body) > _LONGEST_BODY:
            return 21617, "The concatenated message body exceeds the 1600 character limit"
        if len(form.get("MediaUrl", [])) > _MOST_MEDIA:
            return 21623, "Number of media files exceeds allowed limit"
        person = self._people.find(_bare(to), _bare(sender) or None)
        if person is not None and person.blocks:
            return 21610, "Attempt to send to unsubscribed recipient"
        return None

    def _fate(self, form: Form) -> list[tuple[str, str | None, float]]:
        """What will become of a message, as (status, error code, seconds from now)."""
        to, sender = form["To"][0], form.get("From", [""])[0]
        person = self._people.find(_bare(to), _bare(sender) or None)
        wrote_at = person.wrote_at if person else None
        closed = wrote_at is None or self._world.clock() - wrote_at > DAY
        if to.startswith(_WHATSAPP) and closed and not form.get("ContentSid"):
            return [("failed", _WINDOW_CLOSED, _DELAYS["failed"])]
        return [(status, None, _DELAYS[status]) for status in ("sent", "delivered")]

    def _callback(self, kept: Kept, status: str, code: str | None = None) -> dict[str, Any]:
        form = kept.own["form"]
        fields = {
            "MessageSid": kept.id,
            "SmsSid": kept.id,
            "MessageStatus": status,
            "SmsStatus": status,
            "AccountSid": kept.own["account"],
            "From": form.get("From", [""])[0],
            "To": form["To"][0],
            "ApiVersion": "2010-04-01",
        }
        if code:
            fields |= {"ErrorCode": code, "ErrorMessage": "Made to fail by the sandbox"}
        url = form.get("StatusCallback", [None])[0]
        return {"event": status, "form": fields, "callback": url, "token": kept.own["token"]}

    def _list(self, account: str, query: Mapping[str, str]) -> Response:
        wanted = _bare(query["To"]) if query.get("To") else None
        found = [_resource(account, kept) for kept in self._world.mailbox.walk(self.name, wanted)]
        return json_response(200, {"messages": found[::-1], "next_page_uri": None})

    def refusal(self, behaviour: Behaviour, request: Request) -> Response:  # noqa: ARG002
        match behaviour.mode:
            case "bad_token":
                return _error(401, 20003, "Authenticate")
            case "rate_limit":
                return _error(429, 20429, "Too Many Requests", retry_after(behaviour.retry_after, 1))
            case "server_error":
                return _error(500, 20500, "Internal Server Error")
            case _:
                return _error(400, 21211, "Invalid 'To' Phone Number")

    def texts(self, request: Request) -> Iterator[str]:
        if request.method == "POST":
            form = _form(request.body)
            yield from (text for name in ("To", "Body") for text in form.get(name, []))

    def show(self, kept: Kept) -> dict[str, Any]:
        form = kept.own["form"]
        return {
            "id": kept.id,
            "provider": kept.provider,
            "to": kept.recipient,
            "from": _bare(form.get("From", [""])[0]),
            "subject": None,
            "body": form.get("Body", [""])[0],
            "html": None,
            "headers": {},
            "at": kept.at,
            "request_id": kept.request_id,
            "raw": form,
        }

    def simulate(self, simulation: Simulation) -> Staged:
        channel = simulation.channel or self.channels[0]
        if simulation.events[0] == "inbound":
            own = self._world.channels.own_address(channel, simulation.to)
            if own is None:
                raise Refused(409, f"the product shows no {channel} channel with a phone_number")
            payloads = [self._inbound(channel, own, simulation) for _ in simulation.events]
            return Staged(Route(self.name, channel, own), payloads)
        kept = self._world.mailbox.find(self.name, simulation.message_id, simulation.to)
        if kept is None or (simulation.message_id is None and simulation.to is None):
            raise Refused(404, "no such message was sent; say which by `message_id` or `to`", "message_id")
        code = str((simulation.extra or {}).get("error_code") or "30003")
        told = [self._callback(kept, name, code if name in _FAILED else None) for name in simulation.events]
        return Staged(self._route(kept.own["form"]), told)

    def _inbound(self, channel: str, own: str, simulation: Simulation) -> dict[str, Any]:
        extra, person = simulation.extra or {}, simulation.sender or _SOMEBODY
        media = extra.get("media") or []
        sid = simulation.message_id or f"{'MM' if media else 'SM'}{self._world.chance.randbytes(16).hex()}"
        prefix = _WHATSAPP if channel == "whatsapp" else ""
        body = "" if simulation.body is None else simulation.body
        fields = {
            "MessageSid": sid,
            "SmsSid": sid,
            "SmsMessageSid": sid,
            "AccountSid": "AC" + "0" * 32,
            "From": prefix + person,
            "To": prefix + own,
            "Body": body,
            "NumMedia": str(len(media)),
            "NumSegments": "1",
            "SmsStatus": "received",
            "ApiVersion": "2010-04-01",
        }
        if channel == "whatsapp":
            digits = person.removeprefix("+")
            fields |= {"ProfileName": str(extra.get("name") or "Ada Example"), "WaId": digits, "MessageType": "text"}
        for index, kind in enumerate(media):
            file = f"ME{self._world.chance.randbytes(16).hex()}"
            path = f"/twilio/2010-04-01/Accounts/{fields['AccountSid']}/Messages/{sid}/Media/{file}"
            fields |= {f"MediaUrl{index}": simulation.base + path, f"MediaContentType{index}": str(kind)}
        self._people.wrote(channel, own, person)
        word = body.strip().lower()
        if word in (*_OUT, *_IN):
            self._people.block(channel, own, person, word in _OUT)
        return {"event": "inbound", "form": {**fields, **extra.get("fields", {})}}

    def event_name(self, payload: dict[str, Any]) -> str:
        return str(payload["event"])

    def webhook(self, url: str, payloads: Sequence[dict[str, Any]]) -> Post:
        """A form, signed over the URL it goes to with the token of the account."""
        (payload,) = payloads
        form = payload["form"]
        signed = url.partition("#")[0] + "".join(f"{name}{form[name]}" for name in sorted(form))
        key = (payload.get("token") or self._secrets.auth_token).encode()
        signature = base64.b64encode(hmac.digest(key, signed.encode(), hashlib.sha1)).decode()
        headers = (
            ("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"),
            ("User-Agent", "TwilioProxy/1.1"),
            ("X-Twilio-Signature", signature),
        )
        return Post(urlencode(form).encode(), headers)

    def _route(self, form: Form) -> Route:
        channel = "whatsapp" if form["To"][0].startswith(_WHATSAPP) else "sms"
        return Route(self.name, channel, _bare(form.get("From", [""])[0]))


def _token(request: Request) -> str | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, token = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return token if name and token else None


def _form(body: bytes) -> Form:
    found: Form = {}
    for name, value in parse_qsl(body.decode(errors="replace"), keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return found


def _bare(address: str) -> str:
    return address.removeprefix(_WHATSAPP)


def _resource(account: str, kept: Kept) -> dict[str, Any]:
    form = kept.own["form"]
    return {
        "sid": kept.id,
        "account_sid": account,
        "status": "queued",
        "direction": "outbound-api",
        "to": form["To"][0],
        "from": form.get("From", [None])[0],
        "body": form.get("Body", [""])[0],
        "messaging_service_sid": form.get("MessagingServiceSid", [None])[0],
        "num_segments": "1",
        "num_media": str(len(form.get("MediaUrl", []))),
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "error_message": None,
        "date_created": formatdate(kept.at, localtime=False),
        "date_sent": None,
        "date_updated": formatdate(kept.at, localtime=False),
        "api_version": "2010-04-01",
        "uri": f"/2010-04-01/Accounts/{account}/Messages/{kept.id}.json",
    }


def _error(status: int, code: int, message: str, headers: Any = ()) -> Response:
    told = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return json_response(status, told, headers)
