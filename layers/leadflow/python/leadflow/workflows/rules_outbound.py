"""What goes out by webhooks and what answers mean: pure functions of values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from leadflow.core.rendering.values import plain

# What of an answer is shown to later actions and people.
SHOWN_BODY_BYTES = 16_000
SHOWN_HEADERS = ("content-type", "location", "retry-after", "x-request-id")
# A receiver may hold us off this long, not longer.
LONGEST_RETRY_AFTER = 3600
# Statuses that may pass: a receiver that is late, busy, or broken for a moment (RFC 9110, RFC 6585).
_PASSING = {408, 425, 429}
_SECRET_HEADERS = ("authorization", "cookie", "key", "password", "secret", "signature", "token")
HIDDEN = "[hidden]"


def signed_text(timestamp: int, body: bytes) -> bytes:
    """What the signature is made of: the time and the body, so that neither can be changed or sent again later."""
    return f"{timestamp}.".encode() + body


def passes(status: int) -> bool:
    """Whether the same request may be taken later."""
    return status in _PASSING or status >= 500


def is_unclear(status: int) -> bool:
    """Whether a receiver that answers so may have done what it was asked for."""
    return status >= 500 and status != 503


def retry_after(value: str | None, now: datetime) -> int | None:
    """Seconds that a Retry-After asks for, at most an hour; None for none or one that says nothing (RFC 9110)."""
    if not value:
        return None
    if value.isascii() and value.strip().isdigit():
        seconds = float(value.strip()[:9])
    else:
        try:
            seconds = (parsedate_to_datetime(value) - now).total_seconds()
        except (TypeError, ValueError):
            return None
    return int(min(max(seconds, 0), LONGEST_RETRY_AFTER))


def shown_answer(status: int, headers: Mapping[str, str], body: bytes, truncated: bool) -> dict[str, Any]:
    """An answer as the action's output: `body` is JSON where it is that and short, else text, else null."""
    text = _text(body[:SHOWN_BODY_BYTES])
    cut = truncated or len(body) > SHOWN_BODY_BYTES
    return {
        "status": status,
        "headers": {name: headers[name][:500] for name in SHOWN_HEADERS if name in headers},
        "body": plain(text if cut or text is None else _parsed(text)),
        "truncated": cut,
    }


def shown_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration as logs hold it: without what headers with telling names say."""
    headers = config.get("headers")
    if not isinstance(headers, Mapping):
        return dict(config)
    secret = {name for name in headers if any(word in name.lower() for word in _SECRET_HEADERS)}
    return {**config, "headers": {name: HIDDEN if name in secret else text for name, text in headers.items()}}


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        # What was cut off may end within a character.
        is_cut = error.reason == "unexpected end of data"
        return body[: error.start].decode() if is_cut else None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return text


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")
