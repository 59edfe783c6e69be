"""What templates see: plain values only, so that nothing a person typed can act."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

MAX_NESTING = 20
MAX_BITS = 512  # a number with more is none: it could only be meant to make rendering slow

LEAD_FIELDS = (
    "id", "name", "email", "company", "phone", "status", "score", "source", "budget", "timeline", "interests", "tags",
    "notes", "timezone", "created_at", "updated_at", "qualified_at",
)  # fmt: skip

_SURROGATE = re.compile("[\ud800-\udfff]")


def lead_context(lead: Mapping[str, object], now: datetime | None = None) -> dict[str, object]:
    """The names a template can use for one lead.

    Bare names are the lead's fields and its custom keys, the fields winning; `first_name` and `last_name` come from
    `name`; `custom.*` and `lead.*` (with `lead.custom.*`) say the same at length. Nothing else of the record is shown.
    With `now` a template can also write the present: `{{ "now" | date: "%Y" }}`.
    """
    custom = lead.get("custom")
    custom = dict(custom) if isinstance(custom, Mapping) else {}
    fields = {field: lead.get(field) for field in LEAD_FIELDS} | _names(lead.get("name"))
    context = {**custom, **fields, "custom": custom, "lead": {**fields, "custom": custom}}
    return context if now is None else {**context, "now": now}


def _names(name: object) -> dict[str, object]:
    """The first word, and the rest: `van der Berg` stays together."""
    first, _, rest = " ".join(name.split()).partition(" ") if isinstance(name, str) else ("", "", "")
    return {"first_name": first or None, "last_name": rest or None}


def plain(value: object, nesting: int = 0) -> object:
    """The same value made of exact str, int, float, bool, None, list and dict; times as RFC 3339.

    Markup that claims to be safe becomes text again. What is no number (nan, infinities), too large a number, and what
    lies deeper than 20 levels becomes None.
    """
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, (int, float, Decimal)):
        return _plain_number(value)
    if isinstance(value, Mapping):
        return _plain_mapping(value, nesting)
    if isinstance(value, (list, tuple)):
        return [plain(item, nesting + 1) for item in value] if nesting < MAX_NESTING else None
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else plain_text(str(value))


def plain_text(text: str) -> str:
    """Exact text without halves of characters, which no mail can carry."""
    exact = str.__str__(text)
    return exact if exact.isascii() else _SURROGATE.sub("\ufffd", exact)


def _plain_number(value: float | Decimal) -> object:
    if not isinstance(value, int):
        if not math.isfinite(value):
            return None
        if isinstance(value, Decimal):
            number = float(value)
            value = int(value) if number.is_integer() and value == number else number
    return value if isinstance(value, float) or value.bit_length() <= MAX_BITS else None


def _plain_mapping(value: Mapping[object, object], nesting: int) -> object:
    if nesting >= MAX_NESTING:
        return None
    return {plain_text(str(key)): plain(item, nesting + 1) for key, item in value.items()}
