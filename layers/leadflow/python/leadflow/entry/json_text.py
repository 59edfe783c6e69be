"""JSON as callers send it, read strictly: each key once, and only numbers that JSON has."""

from __future__ import annotations

import contextlib
import json
import math
from typing import TYPE_CHECKING, Any, TypeVar

from leadflow.core.errors import InvalidInput, MalformedRequest

if TYPE_CHECKING:
    from pydantic import BaseModel

M = TypeVar("M", bound="BaseModel")

_SHOWN_CHARACTERS = 100


def as_model(model: type[M], raw: bytes) -> M:
    """The text as the model. Raises InvalidInput naming each wrong field, and what `parsed` does.

    NaN and Infinity are not JSON wherever they stand. A number beyond all, as 1e999, is, and may be a wrong field.
    """
    from leadflow.core.schema import checked

    try:
        body = checked(model, raw)
    except InvalidInput:
        with contextlib.suppress(ValueError, RecursionError):
            json.loads(raw, parse_constant=_malformed)
        raise
    parsed(raw)
    return body


def parsed(raw: bytes) -> Any:
    """What the text says.

    Raises MalformedRequest for what is not JSON, NaN, Infinity and nesting without end included, InvalidInput naming
    a key that an object has twice: readers do not agree on which of both counts, and one would be lost.
    """
    try:
        return json.loads(raw, object_pairs_hook=_each_once, parse_constant=_malformed, parse_float=_finite)
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


def _malformed(name: str) -> None:
    raise MalformedRequest(f"The body is not valid JSON, which has no {name}.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number
