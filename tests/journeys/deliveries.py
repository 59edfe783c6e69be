"""What Twilio and Meta post to the ready channels of a one-machine host: signed, and again until it is taken."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

# A provider goes on for hours; a host that was killed is back long before this.
_PATIENCE_SECONDS = 120
_EPOCH_MS = 1_790_000_000_000


@dataclass(frozen=True)
class Post:
    """A webhook request, under the path it goes to."""

    path: str
    body: bytes
    headers: dict[str, str]


class Senders:
    """People who write `messages` numbered messages each: half of them by SMS, half of them on Messenger."""

    def __init__(self, data_dir: Path, channels: list[dict[str, Any]]) -> None:
        self._secrets = json.loads((data_dir / "sandbox" / "secrets.json").read_text(encoding="utf-8"))
        self._channels = {channel["channel_type"]: channel for channel in channels}

    def sms(self, person: int, number: int) -> Post:
        channel = self._channels["sms"]
        form = {
            "MessageSid": f"SM{person:04d}x{number:06d}",
            "From": f"+1415555{person:04d}",
            "To": channel["phone_number"],
            "Body": f"message {number}",
            "NumMedia": "0",
        }
        signed = channel["webhook_url"] + "".join(name + form[name] for name in sorted(form))
        made = hmac.digest(self._secrets["auth_token"].encode(), signed.encode(), hashlib.sha1)
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-twilio-signature": base64.b64encode(made).decode(),
        }
        return Post(urlsplit(channel["webhook_url"]).path, urlencode(form).encode(), headers)

    def messenger(self, person: int, number: int) -> Post:
        channel = self._channels["messenger"]
        event = {
            "sender": {"id": f"73920156481{person:05d}"},
            "recipient": {"id": channel["page_id"]},
            "timestamp": _EPOCH_MS + number * 1000,
            "message": {"mid": f"m_{person}_{number}", "text": f"message {number}"},
        }
        entry = {"id": channel["page_id"], "time": event["timestamp"], "messaging": [event]}
        body = json.dumps({"object": "page", "entry": [entry]}).encode()
        digest = hmac.digest(self._secrets["app_secret"].encode(), body, hashlib.sha256).hex()
        headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={digest}"}
        return Post(urlsplit(channel["webhook_url"]).path, body, headers)


def deliver(client: httpx.Client, post: Post) -> float:
    """Posts until it is taken, as providers do; gives the seconds that the taken one took."""
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < give_up:
        begun = time.perf_counter()
        try:
            answer = client.post(post.path, content=post.body, headers=post.headers)
        except httpx.TransportError:
            time.sleep(0.2)
            continue
        if answer.is_success:
            return time.perf_counter() - begun
        assert answer.status_code >= 500 or answer.status_code == 429, answer.text
        time.sleep(0.2)
    raise AssertionError("the host took nothing any more")
