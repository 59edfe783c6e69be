"""What all schemas share: strict request bodies and the text types that need more than a length.

Pydantic and the error tree; email-validator and phonenumbers are imported when the first such value is checked.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
)

from leadflow.core.errors import InvalidInput, MalformedRequest

M = TypeVar("M", bound=BaseModel)

MAX_CUSTOM_BYTES = 16 * 1024
# A body may have a million wrong fields, and their names may be megabytes; the answer may not.
_MOST_ERRORS = 50
_LONGEST_PATH = 300
_FIRST_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MOMENT = datetime(3000, 1, 1, tzinfo=UTC)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_building = threading.Lock()
# In JSON it is always escaped; after an even number of backslashes what looks like that is plain text.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_DATE_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:")
_ITEMS = re.compile(r"Value should have at (most|least) (\d+) items? after validation, not \d+")


class Write(BaseModel):
    """A request body: unknown fields, wrong types and NUL characters are refused, texts are trimmed."""

    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True, frozen=True, defer_build=True)

    def fields_given(self) -> dict[str, Any]:
        """The fields that a change names, each whole: what an object leaves out has its default."""
        whole = self.model_dump(by_alias=True)
        return {name: whole[name] for name in self.model_dump(exclude_unset=True, by_alias=True)}


class Read(BaseModel):
    """A record as callers get it; optional fields are present and null when empty."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True, defer_build=True)


def left_alone() -> Any:
    """The value of a field of an update that was not given, where null itself is refused."""
    return None


def _no_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain NUL")
    return value


def _one_line(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("must not contain control characters")
    return value


def _lines(value: str) -> str:
    if any(found not in "\t\n\r" for found in _CONTROL.findall(value)):
        raise ValueError("must not contain control characters but tabs and line breaks")
    return value


def _visible(value: str) -> str:
    # Emoji are joined by invisible characters, so those are fine, but not alone.
    if value and all(unicodedata.category(character) in ("Cf", "Zs", "Zl", "Zp") for character in value):
        raise ValueError("must have a character that can be seen")
    return value


def _email(value: str) -> str:
    from leadflow.core import mailbox

    return mailbox.normalized(value)


def _sender(value: str) -> str:
    from email.utils import parseaddr

    if "{{" not in value and "{%" not in value:
        _email(parseaddr(value)[1])
    return value


def _phone(value: str) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException as error:
        raise ValueError("must be an international number that starts with +") from error
    if number.extension:
        # It has no place in E.164, and without it the number reaches somebody else.
        raise ValueError("must not have an extension")
    if not phonenumbers.is_possible_number(number):
        raise ValueError("is not a possible phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def known_zone(value: str) -> str:
    """The name of a time zone. Raises ValueError for one that is not IANA's."""
    from leadflow.core import windows

    if windows.zone(value) is None:
        raise ValueError("is not an IANA time zone")
    return value


def _small_object(value: Any) -> Any:
    import json

    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise ValueError("must not contain NaN or Infinity") from error
    if len(text.encode()) > MAX_CUSTOM_BYTES:
        raise ValueError("must be at most 16 KB of JSON")
    if holds_nul(text):
        raise ValueError("must not contain NUL")
    return value


def holds_nul(json_text: str) -> bool:
    """Whether a text of this JSON holds NUL; one that spells `\\u0000` in six characters does not."""
    return _NUL.search(json_text) is not None


def _http_url(value: str) -> str:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(value)
        # A port that is none is found out when it is asked for.
        wrong = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
    except ValueError:
        wrong = True
    if wrong or any(ord(c) <= 32 for c in value):
        raise ValueError("must be an http or https URL")
    return value


def _outbound_url(value: str) -> str:
    from leadflow.core import addresses
    from leadflow.core.settings import settings

    addresses.target_of(value, settings().outbound_allowed)
    return value


def _outbound_template(value: str) -> str:
    from leadflow.core import addresses
    from leadflow.core.settings import settings

    addresses.template_target(value, settings().outbound_allowed)
    return value


def _json_schema(value: dict[str, Any]) -> dict[str, Any]:
    from leadflow.core import json_schema

    json_schema.check(value)
    return value


Text = Annotated[str, AfterValidator(_no_nul)]
# Text of one line without control characters, and of several; any script, direction and emoji is kept as it is.
Line = Annotated[str, AfterValidator(_one_line), AfterValidator(_visible)]
Lines = Annotated[str, AfterValidator(_lines)]
Email = Annotated[str, Field(max_length=254), AfterValidator(_no_nul), AfterValidator(_email)]
# Who a mail is from: `ana@example.com` or `Ana <ana@example.com>`; with a placeholder it is judged when filled in.
Sender = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_one_line), AfterValidator(_sender)]
Phone = Annotated[str, Field(max_length=40), AfterValidator(_no_nul), AfterValidator(_phone)]
# Of a day's clock, as windows begin and as they end.
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
TimeOfDayOrMidnight = Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_no_nul), AfterValidator(known_zone)]
HttpUrl = Annotated[str, Field(max_length=2000), AfterValidator(_http_url)]
JsonObject = Annotated[dict[str, JsonValue], BeforeValidator(_small_object)]
# Addresses that are called: see core/addresses.py for what is refused.
OutboundUrl = Annotated[str, Field(max_length=2000), AfterValidator(_outbound_url)]
OutboundTemplate = Annotated[str, Field(max_length=2000), AfterValidator(_outbound_template)]
JsonSchema = Annotated[JsonObject, AfterValidator(_json_schema)]
Timestamp = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


def _written_out(value: Any) -> Any:
    """What is no RFC 3339 text is refused: Pydantic takes a number, or a text of digits, for seconds since 1970."""
    if isinstance(value, datetime):
        return value
    try:
        if _DATE_TIME.match(value.strip()):
            return datetime.fromisoformat(value.strip().upper())
    except (AttributeError, ValueError):
        pass
    raise ValueError("must be an RFC 3339 time with Z or an offset")


def within_reach(moment: datetime) -> datetime:
    """The moment, which is aware. Raises ValueError for one that is not of the years 1970 to 2999."""
    if not _FIRST_MOMENT <= moment < _LAST_MOMENT:
        raise ValueError(f"must be from {_FIRST_MOMENT:%Y} on and before {_LAST_MOMENT:%Y}")
    return moment


# A moment that a caller names: with an offset, and far enough from where the calendar of Python ends.
Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(within_reach)]


def built(model: type[M]) -> type[M]:
    """The model with what checks its values, which is made on first use, by one thread at a time.

    Pydantic does not see to that: threads that make it at once find a part of it, and refuse fields that are right.
    """
    if not model.__pydantic_complete__:
        with _building:
            model.model_rebuild()
    return model


def checked(model: type[M], raw: bytes | str, where: str = "") -> M:
    """JSON text as the model. Raises MalformedRequest when it is not JSON, InvalidInput naming each wrong field.

    `where` goes before the field names, as in `action_config.template_id`.
    """
    try:
        return built(model).model_validate_json(raw)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
    if found[0]["type"] == "json_invalid":
        raise MalformedRequest("The body is not valid JSON.")
    errors = [(_path(where, one["loc"]), _words(one["msg"])) for one in found[:_MOST_ERRORS]]
    if len(found) > _MOST_ERRORS:
        errors.append((where or "body", f"{len(found) - _MOST_ERRORS} more errors"))
    raise InvalidInput.many(errors)


def _path(where: str, location: tuple[int | str, ...]) -> str:
    path = ".".join([*([where] if where else []), *(str(part) for part in location)]) or "body"
    return path if len(path) <= _LONGEST_PATH else f"{path[:_LONGEST_PATH]}…"


def _words(message: str) -> str:
    """Pydantic's words, where they call the characters of a text items."""
    return _ITEMS.sub(r"String should have at \1 \2 characters", message.removeprefix("Value error, "))
