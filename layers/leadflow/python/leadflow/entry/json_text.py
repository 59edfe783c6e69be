"""JSON as callers send it, read strictly: each key once, and only numbers that JSON has."""

from __future__ import annotations

import json
import math
from typing import Any

from leadflow.core.errors import InvalidInput, MalformedRequest

_SHOWN_CHARACTERS = 100


def parsed(raw: bytes) -> Any:
    """What the text says.

    Raises MalformedRequest for what is not JSON, NaN, Infinity and nesting without end included, InvalidInput naming
    a key that an object has twice: readers do not agree on which of both counts, and one would be lost.
    """
    try:
        return json.loads(raw, object_pairs_hook=_each_once, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        raise MalformedRequest("The body is not valid JSON.") from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise InvalidInput(name[:_SHOWN_CHARACTERS], "is given twice")
            seen.add(name)
    return found


def _no_number(name: str) -> None:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number
