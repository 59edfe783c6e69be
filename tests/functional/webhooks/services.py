"""Channels of message services, and posts to them, signed as the services sign."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from leadflow.channels.rules.arrivals import Arrival
from tests.functional.channels.accounts import APP_SECRET, EMAIL, MESSENGER
from tests.harness import ROOT, Answer, call

SAMPLES = ROOT / "events" / "providers"
TOKEN, INBOUND_SECRET = "twilio-test-token", "inbound-test-secret"
SMS: dict[str, Any] = {
    "channel_type": "sms",
    "api_credentials": {"account_sid": "AC00000000000000000000000000000a11", "auth_token": TOKEN},
    "phone_number": "+12025550107",
}
WHATSAPP = {**SMS, "channel_type": "whatsapp"}
INSTAGRAM = {**MESSENGER, "channel_type": "instagram", "page_id": "17841400000000001"}
MAIL = {**EMAIL, "api_credentials": {**EMAIL["api_credentials"], "inbound_secret": INBOUND_SECRET}}


def sample(name: str) -> bytes:
    return Path(SAMPLES / name).read_bytes()


def form(**fields: str) -> bytes:
    """A message as Twilio posts it; further fields replace or add to its own."""
    own = {"MessageSid": "SM1", "From": "+14155550143", "To": "+12025550107", "Body": "Hello", "NumMedia": "0"}
    return urlencode({**own, **fields}).encode()


def post_twilio(
    channel: dict[str, Any],
    raw: bytes,
    *,
    status: bool = False,
    query: dict[str, str] | None = None,
    token: str = TOKEN,
    signature: str | None = None,
) -> Answer:
    from urllib.parse import parse_qsl

    url = channel["webhook_url"] + ("/status" if status else "") + (f"?{urlencode(query)}" if query else "")
    fields = dict(parse_qsl(raw.decode("latin-1"), keep_blank_values=True, encoding="utf-8"))
    made = RequestValidator(token).compute_signature(url, fields) if signature is None else signature
    headers = {"content-type": "application/x-www-form-urlencoded", "X-Twilio-Signature": made}
    door = "webhooks/twilio_status" if status else "webhooks/twilio_message"
    return call(door, raw, path={"channel_id": channel["id"]}, query=query, headers=headers, scopes=None)


def meta_signature(raw: bytes, secret: str = APP_SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def post_meta(channel: dict[str, Any], raw: bytes, *, signature: str | None = None) -> Answer:
    headers = {"X-Hub-Signature-256": meta_signature(raw) if signature is None else signature}
    return call("webhooks/meta_events", raw, path={"channel_id": channel["id"]}, headers=headers, scopes=None)


def meta_post(*events: dict[str, Any], page: str = "102938400000001", kind: str = "page") -> bytes:
    """A post with an entry of a page for each event."""
    entries = [{"id": page, "time": 1772442000000, "messaging": [event]} for event in events]
    return json.dumps({"object": kind, "entry": entries}).encode()


def meta_message(mid: str, text: str, *, sender: str = "7392015648120394", at: int = 1772442000000) -> dict[str, Any]:
    return {
        "sender": {"id": sender},
        "recipient": {"id": "102938400000001"},
        "timestamp": at,
        "message": {"mid": mid, "text": text},
    }


def multipart(fields: dict[str, Any], boundary: str = "xYzZY") -> bytes:
    """A form as SendGrid posts it; a value may be bytes, or (file name, type, bytes)."""
    parts = []
    for name, value in fields.items():
        named, head = f'form-data; name="{name}"', ""
        if isinstance(value, tuple):
            named, head, value = f'{named}; filename="{value[0]}"', f"\r\nContent-Type: {value[1]}", value[2]
        content = value if isinstance(value, bytes) else str(value).encode()
        parts.append(f"--{boundary}\r\nContent-Disposition: {named}{head}\r\n\r\n".encode() + content + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode()


def post_mail(channel: dict[str, Any], raw: bytes, *, secret: str | None = INBOUND_SECRET, **headers: str) -> Answer:
    return call(
        "webhooks/sendgrid_inbound",
        raw,
        path={"channel_id": channel["id"]},
        query={"secret": secret} if secret else None,
        headers={"content-type": 'multipart/form-data; boundary="xYzZY"', **headers},
        scopes=None,
    )


class Arrivals(list[tuple[Arrival, str, str]]):
    """What a worker hands on to: keeps each arrival with the ids of its channel and delivery, and does nothing."""

    def take(self, arrival: Arrival, channel: Any, delivery_id: str) -> None:
        self.append((arrival, channel.id, delivery_id))
