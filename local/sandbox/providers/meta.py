"""Meta's Send API for Messenger and Instagram, as documented, and people who write there.

https://developers.facebook.com/docs/messenger-platform/reference/send-api
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from local.sandbox.behaviours import Behaviour
from local.sandbox.mailbox import Addressee, Kept, Letter
from local.sandbox.outbox import Route
from local.sandbox.providers.contract import Post, Simulation, Staged, World
from local.sandbox.providers.people import DAY, People, Person
from local.sandbox.providers.pictures import picture
from local.sandbox.providers.quiet import parsed, retry_after
from local.sandbox.providers.secrets import Secrets
from local.sandbox.wire import Headers, Refused, Request, Response, json_response

_PATH = re.compile(r"/v[0-9]{1,3}\.[0-9]/(?P<who>[^/]+)(?P<rest>/messages)?")
_OBJECT_OF = {"messenger": "page", "instagram": "instagram"}
# UTF-16 units for Messenger, bytes of UTF-8 for Instagram.
_LONGEST = {"messenger": 2_000, "instagram": 1_000}
_WINDOW_CLOSED = {"messenger": 2018278, "instagram": 2534022}
_TAG = "HUMAN_AGENT"
_TYPES = ("RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY", None)
_ATTACHMENTS = ("image", "audio", "video", "file", "template")
_EVENT_DELAY = 0.3
_SOMEBODY = {"messenger": "7392015648120394", "instagram": "6512015648120394"}
# What people do by themselves, and with it open their window.
_SAID = ("inbound", "postback", "quick_reply", "story_reply", "sticker", "reaction", "unsend", "edit", "standby")
Event = dict[str, Any]


class Meta:
    """Keeps what it accepts and tells of it: an echo, and on Messenger that it was delivered."""

    name = "facebook"
    channels: Sequence[str] = ("messenger", "instagram")
    events: Sequence[str] = (*_SAID, "echo", "read", "delivered", "block", "unblock")
    everyday: Sequence[str] = ("inbound", "postback", "read")
    batch = 20

    def __init__(self, world: World, secrets: Secrets) -> None:
        self._world = world
        self._secrets = secrets
        self._people = People(world, self.name)
        self._said: dict[str, Callable[[Simulation], Event]] = {
            "inbound": self._inbound,
            "postback": self._postback,
            "quick_reply": self._quick_reply,
            "story_reply": self._story_reply,
            "sticker": self._sticker,
            "reaction": self._reaction,
            "unsend": self._unsend,
            "edit": self._edit,
            "standby": self._inbound,
        }

    def answer(self, request: Request) -> Response:
        if request.path.startswith("/media/"):
            return picture()
        found = _PATH.fullmatch(request.path)
        if found is None:
            return _error(400, 2500, f"Unknown path components: {request.path}")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not (token.strip() if scheme.lower() == "bearer" else request.query.get("access_token")):
            return _error(400, 2500, "An active access token must be used to query information about the current user.")
        if request.method == "GET":
            return json_response(200, {"id": "100000000000001" if found["who"] == "me" else found["who"]})
        if not found["rest"]:
            return _error(400, 100, "Unsupported post request")
        return self._send(parsed(request.body), "instagram" if "instagram" in token else "messenger")

    def _send(self, asked: Any, channel: str) -> Response:
        """A request by the token of a channel: ready channels' tokens say which they are of."""
        wrong = _fault(asked)
        if wrong:
            return _error(400, 100, wrong)
        person = self._people.find(str(asked["recipient"]["id"]), channel=channel)
        if person is None or person.wrote_at is None:
            return _error(400, 100, "No matching user found", subcode=2018001)
        if person.blocks:
            return _error(400, 551, "This person isn't available right now.", subcode=1545041)
        patience = 7 * DAY if asked.get("tag") == _TAG else DAY
        if self._world.clock() - person.wrote_at > patience:
            outside = "This message is sent outside of allowed window."
            return _error(400, 10, outside, subcode=_WINDOW_CLOSED[person.channel])
        if _length(person.channel, asked["message"].get("text") or "") > _LONGEST[person.channel]:
            return _error(400, 100, "Length of param message[text] is too long")
        mid, now = f"m_{self._world.token(24)}", self._world.clock()
        own = {"asked": asked, "channel": person.channel, "page": person.own}
        kept = Kept(0, mid, person.person, self.name, mid, now, {}, own)
        told = [self._echo(kept)] + ([self._delivered(kept)] if person.channel == "messenger" else [])
        with self._world.database.transaction():
            self._world.mailbox.keep(self.name, mid, now, {}, [Letter(own, [Addressee(mid, person.person)])])
            self._world.outbox.add(_route(person), told, now + _EVENT_DELAY)
        return json_response(200, {"recipient_id": person.person, "message_id": mid})

    def refusal(self, behaviour: Behaviour, request: Request) -> Response:  # noqa: ARG002
        match behaviour.mode:
            case "bad_token":
                return _error(400, 190, "Error validating access token: the session has expired.", subcode=463)
            case "rate_limit":
                return _error(
                    400, 613, "Calls to this api have exceeded the rate limit.", retry_after(behaviour.retry_after, 1)
                )
            case "server_error":
                return _error(500, 2, "An unexpected error has occurred. Please retry your request later.")
            case _:
                return _error(400, 100, "Invalid parameter")

    def texts(self, request: Request) -> Iterator[str]:
        asked = parsed(request.body)
        if request.method == "POST" and _fault(asked) is None:
            yield str(asked["recipient"]["id"])
            yield str(asked["message"].get("text") or "")

    def show(self, kept: Kept) -> dict[str, Any]:
        asked = kept.own["asked"]
        return {
            "id": kept.id,
            "provider": kept.provider,
            "to": kept.recipient,
            "from": kept.own["page"],
            "subject": None,
            "body": asked["message"].get("text") or "",
            "html": None,
            "headers": {},
            "at": kept.at,
            "request_id": kept.request_id,
            "raw": asked,
        }

    def simulate(self, simulation: Simulation) -> Staged:
        first = simulation.events[0]
        if first in self._said or (first in ("echo", "block", "unblock") and simulation.message_id is None):
            return self._by_a_person(simulation)
        kept = self._world.mailbox.find(self.name, simulation.message_id, simulation.to)
        if kept is None or (simulation.message_id is None and simulation.to is None):
            raise Refused(404, "no such message was sent; say which by `message_id` or `to`", "message_id")
        makers = {"echo": self._echo, "read": self._read, "delivered": self._delivered}
        payloads = [makers[name](kept) for name in simulation.events if name in makers]
        return Staged(Route(self.name, kept.own["channel"], kept.own["page"]), payloads)

    def _by_a_person(self, simulation: Simulation) -> Staged:
        channel = simulation.channel or self.channels[0]
        own = self._world.channels.own_address(channel, simulation.to)
        if own is None:
            raise Refused(409, f"the product shows no {channel} channel with a page_id")
        person = simulation.sender or _SOMEBODY[channel]
        payloads: list[Event] = []
        for name in simulation.events:
            if name in ("block", "unblock"):
                self._people.block(channel, own, person, name == "block")
                continue
            if name in self._said:
                self._people.wrote(channel, own, person)
            body = self._said[name](simulation) if name in self._said else self._typed(simulation)
            payloads.append(self._payload(channel, own, person, name, body, simulation.extra or {}))
        return Staged(Route(self.name, channel, own), payloads)

    def _payload(
        self, channel: str, own: str, person: str, name: str, body: Event, extra: Event | None = None
    ) -> Event:
        parties = (own, person) if name == "echo" else (person, own)
        timestamp = (extra or {}).get("timestamp") or int(self._world.clock() * 1000)
        event = {"sender": {"id": parties[0]}, "recipient": {"id": parties[1]}, "timestamp": timestamp, **body}
        return {"event": name, "object": _OBJECT_OF[channel], "id": own, "body": event}

    def _inbound(self, simulation: Simulation) -> Event:
        extra = simulation.extra or {}
        message: Event = {"mid": simulation.message_id or f"m_{self._world.token(24)}"}
        if simulation.body:
            message["text"] = simulation.body
        media = extra.get("media") or []
        if media:
            url = f"{simulation.base}/facebook/media/{self._world.token(8)}.png"
            message["attachments"] = [{"type": str(kind), "payload": {"url": url}} for kind in media]
        if extra.get("reply_to"):
            message["reply_to"] = {"mid": extra["reply_to"]}
        return {"message": message}

    def _quick_reply(self, simulation: Simulation) -> Event:
        message = self._inbound(simulation)["message"]
        payload = (simulation.extra or {}).get("payload") or "YES"
        return {"message": {"text": "Yes", **message, "quick_reply": {"payload": payload}}}

    def _story_reply(self, simulation: Simulation) -> Event:
        message = self._inbound(simulation)["message"]
        story = {"url": f"{simulation.base}/facebook/media/story.png", "id": "17800000000000001"}
        return {"message": {**message, "reply_to": {"story": story}}}

    def _sticker(self, simulation: Simulation) -> Event:
        message = self._inbound(simulation)["message"]
        url = f"{simulation.base}/facebook/media/sticker.png"
        sticker = {"type": "sticker", "payload": {"url": url, "sticker_id": 369239263222822}}
        return {"message": {"mid": message["mid"], "attachments": [sticker]}}

    def _postback(self, simulation: Simulation) -> Event:
        payload = (simulation.extra or {}).get("payload") or "GET_STARTED"
        mid = simulation.message_id or f"m_{self._world.token(24)}"
        return {"postback": {"mid": mid, "title": simulation.body or "Get started", "payload": payload}}

    def _reaction(self, simulation: Simulation) -> Event:
        reaction = {"reaction": "love", "emoji": "❤️", "action": "react", "mid": _named(simulation)}
        return {"reaction": reaction}

    def _unsend(self, simulation: Simulation) -> Event:
        return {"message": {"mid": _named(simulation), "is_deleted": True}}

    def _edit(self, simulation: Simulation) -> Event:
        return {"message_edit": {"mid": _named(simulation), "text": simulation.body or "", "num_edit": 1}}

    def _typed(self, simulation: Simulation) -> Event:
        """An answer that somebody gave in Meta's own inbox."""
        mid = f"m_{self._world.token(24)}"
        return {"message": {"mid": mid, "is_echo": True, "app_id": 263902037430900, "text": simulation.body or "Hello"}}

    def _echo(self, kept: Kept) -> Event:
        sent = kept.own["asked"]["message"]
        told = {name: sent[name] for name in ("text", "metadata") if name in sent}
        body = {"message": {"mid": kept.id, "is_echo": True, "app_id": 1, **told}}
        return self._payload(kept.own["channel"], kept.own["page"], kept.recipient, "echo", body)

    def _delivered(self, kept: Kept) -> Event:
        body = {"delivery": {"mids": [kept.id], "watermark": int(kept.at * 1000)}}
        return self._payload(kept.own["channel"], kept.own["page"], kept.recipient, "delivered", body)

    def _read(self, kept: Kept) -> Event:
        until = {"watermark": int(self._world.clock() * 1000)}
        read = until if kept.own["channel"] == "messenger" else {"mid": kept.id}
        return self._payload(kept.own["channel"], kept.own["page"], kept.recipient, "read", {"read": read})

    def event_name(self, payload: dict[str, Any]) -> str:
        return str(payload["event"])

    def webhook(self, _url: str, payloads: Sequence[dict[str, Any]]) -> Post:
        """An entry for each event; the body is ASCII with slashes escaped, as Meta writes it, and signed so."""
        now = int(self._world.clock() * 1000)
        entries = [
            {"id": one["id"], "time": now, "standby" if one["event"] == "standby" else "messaging": [one["body"]]}
            for one in payloads
        ]
        post = {"object": payloads[0]["object"] if payloads else "page", "entry": entries}
        body = json.dumps(post, separators=(",", ":")).replace("/", "\\/").encode()
        digest = hmac.digest(self._secrets.app_secret.encode(), body, hashlib.sha256).hex()
        headers = (
            ("Content-Type", "application/json"),
            ("User-Agent", "facebookexternalua"),
            ("X-Hub-Signature-256", f"sha256={digest}"),
        )
        return Post(body, headers)


def _named(simulation: Simulation) -> str:
    if simulation.message_id is None:
        raise Refused(422, "say which message it is about", "message_id")
    return simulation.message_id


def _route(person: Person) -> Route:
    return Route(Meta.name, person.channel, person.own)


def _fault(asked: Any) -> str | None:
    """What is wrong with a request; None when it is good."""
    if not isinstance(asked, dict) or not isinstance(asked.get("recipient"), dict):
        return "The parameter recipient is required"
    if not isinstance(asked["recipient"].get("id"), str):
        return "Param recipient[id] must be a string"
    message = asked.get("message")
    if not isinstance(message, dict):
        return "The parameter message is required"
    if asked.get("messaging_type") not in _TYPES:
        return "Param messaging_type must be one of RESPONSE, UPDATE, MESSAGE_TAG, UTILITY"
    if asked.get("messaging_type") == "MESSAGE_TAG" and asked.get("tag") != _TAG:
        return "Invalid parameter: tag"
    attachment = message.get("attachment")
    if bool(message.get("text")) == isinstance(attachment, dict):
        return "Message must have either text or an attachment"
    if isinstance(attachment, dict) and attachment.get("type") not in _ATTACHMENTS:
        return "Param message[attachment][type] must be one of image, audio, video, file, template"
    return None


def _length(channel: str, text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 if channel == "messenger" else len(text.encode())


def _error(status: int, code: int, message: str, headers: Headers = (), subcode: int | None = None) -> Response:
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code}
    if subcode is not None:
        error["error_subcode"] = subcode
    return json_response(status, {"error": {**error, "fbtrace_id": "AsandboxTrace"}}, headers)
