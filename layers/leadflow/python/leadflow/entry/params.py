"""Query parameters: from text to value, without Pydantic, so that reading doors start fast."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from leadflow.core import clock
from leadflow.core.errors import InvalidInput


class Param(NamedTuple):
    """How one query parameter is read; `schema` is its JSON Schema in the API document."""

    read: Callable[[str, str], Any]
    schema: dict[str, Any]


def text(max_length: int = 200) -> Param:
    def read(name: str, value: str) -> str:
        value = value.strip()
        if not value or len(value) > max_length or "\x00" in value:
            raise InvalidInput(name, f"must have 1 to {max_length} characters")
        return value

    return Param(read, {"type": "string", "minLength": 1, "maxLength": max_length})


def one_of(*allowed: str) -> Param:
    def read(name: str, value: str) -> str:
        if value not in allowed:
            raise InvalidInput(name, f"must be one of {', '.join(allowed)}")
        return value

    return Param(read, {"type": "string", "enum": list(allowed)})


def integer(lowest: int, highest: int) -> Param:
    def read(name: str, value: str) -> int:
        digits = value.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 12 and lowest <= int(value) <= highest):
            raise InvalidInput(name, f"must be a whole number from {lowest} to {highest}")
        return int(value)

    return Param(read, {"type": "integer", "minimum": lowest, "maximum": highest})


def moment() -> Param:
    """An RFC 3339 time, or a date for its first moment in UTC; given on as RFC 3339 in UTC with milliseconds."""

    def read(name: str, value: str) -> str:
        # A plus sign that was not percent-encoded arrives as a space.
        given = value.strip().replace(" ", "+")
        try:
            return clock.stamp(clock.parse(f"{given}T00:00Z" if len(given) == len("2026-01-31") else given))
        except (ValueError, OverflowError):
            raise InvalidInput(name, "must be an RFC 3339 time with Z or an offset, or a date") from None

    return Param(read, {"type": "string", "format": "date-time"})


def boolean() -> Param:
    def read(name: str, value: str) -> bool:
        if value not in ("true", "false"):
            raise InvalidInput(name, "must be true or false")
        return value == "true"

    return Param(read, {"type": "boolean"})


def read_all(given: dict[str, str], known: dict[str, Param], required: Collection[str] = ()) -> dict[str, Any]:
    """The values of all known parameters, None where absent. Raises InvalidInput naming unknown or wrong ones."""
    errors = [(name, "is not a parameter of this route") for name in given if name not in known]
    errors += [(name, "is required") for name in required if name not in given]
    values: dict[str, Any] = {}
    for name, param in known.items():
        try:
            values[name] = param.read(name, given[name]) if name in given else None
        except InvalidInput as error:
            errors += error.errors
    if errors:
        raise InvalidInput.many(errors)
    return values
