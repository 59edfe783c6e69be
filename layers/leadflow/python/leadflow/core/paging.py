"""Cursors: opaque to callers, signed, and good only for the list they were given out for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

from leadflow.core.errors import MalformedRequest
from leadflow.core.secrets import derived_key

MAX_LIMIT = 100
DEFAULT_LIMIT = 25
_MAC_BYTES = 12


def encode(position: Any, listing: str) -> str:
    """A cursor for a JSON position in the listing (route and filters) it belongs to."""
    body = json.dumps(position, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_mac(body, listing) + body).rstrip(b"=").decode()


def decode(cursor: str, listing: str) -> Any:
    """The position in a cursor. Raises MalformedRequest when it is forged, cut or from another listing."""
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (binascii.Error, UnicodeEncodeError, ValueError):
        raise MalformedRequest("cursor: not a cursor of this list") from None
    mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(body, listing)):
        raise MalformedRequest("cursor: not a cursor of this list")
    return json.loads(body)


def _mac(body: bytes, listing: str) -> bytes:
    return hmac.digest(derived_key("cursor"), listing.encode() + b"\x00" + body, hashlib.sha256)[:_MAC_BYTES]
