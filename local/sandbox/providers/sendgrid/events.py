"""SendGrid's event webhook payloads: one flat object per event, custom arguments beside SendGrid's own fields."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from local.sandbox.mailbox import Kept
from local.sandbox.providers.contract import World
from local.sandbox.providers.sendgrid.mail import custom_args, show, smtp_id

_BROWSER = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5"
    " Mobile/15E148 Safari/604.1"
)
# Apple's Mail Privacy Protection fetches every picture from Apple's network, under this bare name.
_APPLE_PROXY, _APPLE_ADDRESS = "Mozilla/5.0", "17.58.97.4"
_READER_ADDRESS, _SERVER_ADDRESS = "203.0.113.9", "192.0.2.17"
_READER: Mapping[str, Any] = {"useragent": _BROWSER, "ip": _READER_ADDRESS}

# What each event that can be simulated adds to the common fields; "event" where SendGrid calls it something else.
EVENTS: Mapping[str, Mapping[str, Any]] = {
    "processed": {},
    "deferred": {"response": "421 4.7.0 try again later", "attempt": "1"},
    "delivered": {"response": "250 2.0.0 OK", "ip": _SERVER_ADDRESS, "tls": 1},
    "bounce": {
        "type": "bounce",
        "reason": "550 5.1.1 recipient address rejected: user unknown",
        "status": "5.1.1",
        "bounce_classification": "Invalid Address",
        "ip": _SERVER_ADDRESS,
        "tls": 1,
    },
    "blocked": {
        "event": "bounce",
        "type": "blocked",
        "reason": "554 5.7.1 message refused by policy",
        "status": "5.7.1",
        "bounce_classification": "Reputation",
        "ip": _SERVER_ADDRESS,
        "tls": 1,
    },
    "dropped": {"reason": "Bounced Address", "status": "5.0.0"},
    "open": {**_READER, "sg_machine_open": False, "sg_content_type": "html"},
    "machine_open": {
        "event": "open",
        "useragent": _APPLE_PROXY,
        "ip": _APPLE_ADDRESS,
        "sg_machine_open": True,
        "sg_content_type": "html",
    },
    "click": {**_READER, "url_offset": {"index": 0, "type": "html"}},
    "spamreport": {},
    "unsubscribe": {},
    "group_unsubscribe": _READER,
    "group_resubscribe": _READER,
}
_BY_SERVER = ("processed", "deferred", "delivered", "bounce", "blocked", "dropped")
_BY_GROUP = ("group_unsubscribe", "group_resubscribe")
_LINK = re.compile(r"""<a\s[^>]*?href\s*=\s*["']?(https?://[^"'\s>]+)""", re.IGNORECASE)


def make(world: World, kept: Kept, name: str, **fields: Any) -> dict[str, Any]:
    """The payload of one event about one mail; `fields` overrule or add to what is usual for it."""
    common: dict[str, Any] = {
        "email": kept.recipient,
        "timestamp": int(world.clock()),
        "event": name,
        "sg_event_id": world.token(),
        "sg_message_id": kept.id,
    }
    if name in _BY_SERVER:
        common["smtp-id"] = smtp_id(kept)
    if kept.shared.get("categories"):
        common["category"] = kept.shared["categories"]
    group = (kept.shared.get("asm") or {}).get("group_id", 1 if name in _BY_GROUP else None)
    if group is not None:
        common["asm_group_id"] = group
    if name == "processed" and (moment := kept.own.get("send_at") or kept.shared.get("send_at")):
        common["send_at"] = moment
    if name == "click" and "url" not in fields:
        common["url"] = first_link(kept) or "https://www.example.com/"
    # SendGrid's own fields win over custom arguments of the same name.
    return {**custom_args(kept), **common, **EVENTS[name], **fields}


def first_link(kept: Kept) -> str | None:
    """The first link of the mail, as its recipient gets it."""
    found = _LINK.search(show(kept)["html"] or "")
    return html.unescape(found.group(1)) if found else None
