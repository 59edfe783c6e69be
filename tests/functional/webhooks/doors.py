"""The doors by which providers post, each with a channel of its own and a post that it takes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator

from tests.functional.channels.accounts import APP_SECRET, MESSENGER, make, signature
from tests.functional.webhooks.posts import TIMESTAMP, body_of, event
from tests.functional.webhooks.services import (
    INBOUND_SECRET,
    INSTAGRAM,
    MAIL,
    SMS,
    TOKEN,
    WHATSAPP,
    form,
    meta_message,
    meta_post,
    multipart,
)
from tests.harness import Answer, call

Channel = dict[str, Any]
Headers = dict[str, str]


@dataclass(frozen=True)
class Door:
    """A door, the channel it belongs to, a post of its provider's, and how the provider proves who it is."""

    name: str
    account: Channel
    good: bytes
    proof: Callable[[Channel, bytes], Headers]
    wrong: Headers
    taken: int
    content_type: str = "application/json"

    def channel(self) -> Channel:
        return make(self.account)

    def post(self, channel: Channel, raw: bytes, headers: Headers | None = None) -> Answer:
        """Posts with the provider's own proof, or with these headers in its place."""
        proof = self.proof(channel, raw) if headers is None else headers
        path = {"channel_id": channel["id"]}
        return call(self.name, raw, path=path, headers={"content-type": self.content_type, **proof}, scopes=None)


def _twilio(suffix: str) -> Callable[[Channel, bytes], Headers]:
    def proof(channel: Channel, raw: bytes) -> Headers:
        # Twilio signs the values as it would show them, of bytes that are no text too.
        fields = dict(parse_qsl(raw.decode("latin-1"), keep_blank_values=True, encoding="utf-8"))
        made = RequestValidator(TOKEN).compute_signature(channel["webhook_url"] + suffix, fields)
        return {"X-Twilio-Signature": made}

    return proof


def _meta(_: Channel, raw: bytes) -> Headers:
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(APP_SECRET.encode(), raw, hashlib.sha256).hexdigest()}


def _events(_: Channel, raw: bytes) -> Headers:
    return {
        "X-Twilio-Email-Event-Webhook-Signature": signature(TIMESTAMP, raw),
        "X-Twilio-Email-Event-Webhook-Timestamp": TIMESTAMP,
    }


def _basic(password: str) -> Headers:
    return {"Authorization": "Basic " + base64.b64encode(f"parse:{password}".encode()).decode()}


def mail(text: bytes | str = "Hello", **fields: Any) -> bytes:
    """A mail as Inbound Parse posts it."""
    envelope = json.dumps({"from": "ana@example.com", "to": ["hello@acme.example"]})
    headers = "From: Ana <ana@example.com>\nTo: hello@acme.example\nMessage-ID: <m1@example.com>"
    return multipart({"headers": headers, "envelope": envelope, "text": text, **fields})


_STATUS = form(From="+12025550107", To="+14155550143", MessageStatus="delivered")
_OF_WHATSAPP = {"From": "whatsapp:+14155550143", "To": "whatsapp:+12025550107"}
_FORM = "application/x-www-form-urlencoded"
_SMS_DOOR = Door(
    "webhooks/twilio_message", SMS, form(), _twilio(""), {"X-Twilio-Signature": "AAAA"}, 200, content_type=_FORM
)
_META_DOOR = Door(
    "webhooks/meta_events",
    MESSENGER,
    meta_post(meta_message("m_1", "Hello")),
    _meta,
    {"X-Hub-Signature-256": "sha256=" + "0" * 64},
    200,
)

DOORS: dict[str, Door] = {
    "sms": _SMS_DOOR,
    "whatsapp": replace(_SMS_DOOR, account=WHATSAPP, good=form(**_OF_WHATSAPP)),
    "status": replace(_SMS_DOOR, name="webhooks/twilio_status", good=_STATUS, proof=_twilio("/status"), taken=204),
    "messenger": _META_DOOR,
    "instagram": replace(
        _META_DOOR,
        account=INSTAGRAM,
        good=meta_post(meta_message("m_1", "Hello"), page=INSTAGRAM["page_id"], kind="instagram"),
    ),
    "events": Door(
        "webhooks/sendgrid_events",
        MAIL,
        body_of(event("01NOTOURS")),
        _events,
        {
            "X-Twilio-Email-Event-Webhook-Signature": signature(TIMESTAMP, b"other"),
            "X-Twilio-Email-Event-Webhook-Timestamp": TIMESTAMP,
        },
        204,
    ),
    "mail": Door(
        "webhooks/sendgrid_inbound",
        MAIL,
        mail(),
        lambda _, __: _basic(INBOUND_SECRET),
        _basic("wrong"),
        204,
        content_type='multipart/form-data; boundary="xYzZY"',
    ),
}
# Those by which people say something, so that a good post is one message.
SPOKEN = {name: door for name, door in DOORS.items() if name not in ("status", "events")}
