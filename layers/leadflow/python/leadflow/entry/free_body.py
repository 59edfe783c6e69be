"""Bodies of any shape, as other systems post them: a JSON object or array, or a form."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from leadflow.core.errors import MalformedRequest, PayloadTooLarge
from leadflow.entry import json_text, posted
from leadflow.entry.http import Request

_MAX_DEPTH = 64
_MAX_KEPT_BYTES = 200_000


def document(request: Request) -> Any:
    """A JSON object or array, or the fields of a form as an object.

    Raises PayloadTooLarge over 64 KB or where it would take three times that in the table, MalformedRequest for what is
    not what it says, UnsupportedMediaType for a body of another kind, InvalidInput for a file in a form and for a key
    that an object has twice.
    """
    kind = request.media_type
    if kind in ("", "application/json", "text/plain") or kind.endswith("+json"):
        return _storable(_json(request.raw))
    return _storable(posted.fields(request))


def _json(raw: bytes) -> Any:
    if len(raw) > posted.MAX_FORM_BYTES:
        raise PayloadTooLarge(f"The body has {len(raw)} bytes; at most {posted.MAX_FORM_BYTES} are taken.")
    found = json_text.parsed(raw)
    if not isinstance(found, dict | list):
        raise MalformedRequest("The body is neither a JSON object nor an array.")
    return found


def _storable(found: Any) -> Any:
    """What can be kept and shown again.

    Raises MalformedRequest for half characters and towers, PayloadTooLarge.
    """
    level, depth = [found], 0
    while level:
        level = [inner for value in level for inner in _inside(value)]
        depth += 1
        if depth > _MAX_DEPTH:
            raise MalformedRequest(f"The body is nested more than {_MAX_DEPTH} deep.")
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except ValueError:
        raise MalformedRequest("The body holds a character that JSON cannot carry.") from None
    # Kept in ASCII, where control characters take six bytes each.
    if len(json.dumps(found)) > _MAX_KEPT_BYTES:
        raise PayloadTooLarge(f"The body takes more than {_MAX_KEPT_BYTES} bytes as JSON in ASCII.")
    return found


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
