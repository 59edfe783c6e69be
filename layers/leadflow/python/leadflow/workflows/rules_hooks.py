"""What a posted hook says: whether its sender is who they should be, and what stands at a path of its body."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

# In this order a hook's match is asked; the first that stands in the body decides.
MATCHED_BY = ("lead_id", "email", "phone")
_MAX_VALUE = 320
_PREFIX = "sha256="


def is_signed(secret: str, raw: bytes, header: str | None) -> bool:
    """Whether a header `sha256=<hex>` is the HMAC-SHA256 of these bytes under the secret; compared in constant time."""
    given = (header or "").strip()
    if not given.startswith(_PREFIX):
        return False
    expected = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), given.removeprefix(_PREFIX).lower().encode())


def text_at(document: Any, path: str) -> str | None:
    """The text, or whole number as text, at a path like `body.contacts.0.email`; None where there is none.

    The path's first part stands for the document. A number is an index of a list, and a key of an object.
    """
    for part in path.split(".")[1:]:
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list) and part.isascii() and part.isdigit() and len(part) <= 6:
            document = document[int(part)] if int(part) < len(document) else None
        else:
            return None
    if isinstance(document, int) and not isinstance(document, bool):
        document = str(document)
    if not isinstance(document, str) or not 1 <= len(document.strip()) <= _MAX_VALUE:
        return None
    return document.strip()
