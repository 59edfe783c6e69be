"""Bodies that browsers post: JSON, or an HTML form in either of its encodings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

from leadflow.core.errors import InvalidInput, MalformedRequest, PayloadTooLarge, UnsupportedMediaType
from leadflow.entry import json_text
from leadflow.entry.http import Request

if TYPE_CHECKING:
    from pydantic import BaseModel

M = TypeVar("M", bound="BaseModel")

MAX_SCRIPT_BYTES = 16 * 1024
MAX_FORM_BYTES = 64 * 1024
_MAX_PAIRS = 500
# A script's string without a type goes as plain text, which spares the browser a question (sendBeacon, fetch).
_JSON_TYPES = ("", "application/json", "text/plain")


def body(model: type[M], request: Request) -> M:
    """What a script posted, as the model; JSON whatever it is called.

    Raises PayloadTooLarge over 16 KB, UnsupportedMediaType, MalformedRequest, InvalidInput naming each wrong field.
    """
    raw = _bounded(request, MAX_SCRIPT_BYTES)
    if request.media_type not in _JSON_TYPES:
        raise UnsupportedMediaType("The body must be JSON.")
    return json_text.as_model(model, raw)


def fields(request: Request) -> dict[str, Any]:
    """The fields of a form; one that was posted several times is a list.

    Raises PayloadTooLarge over 64 KB, MalformedRequest for what is not what it says, UnsupportedMediaType for a body
    of another kind, InvalidInput for a file.
    """
    raw, kind = _bounded(request, MAX_FORM_BYTES), request.media_type
    if kind in _JSON_TYPES:
        return _json_object(raw)
    if kind == "application/x-www-form-urlencoded":
        return _gathered(_urlencoded(raw))
    if kind == "multipart/form-data":
        return _gathered(_multipart(raw, request.header("content-type") or ""))
    raise UnsupportedMediaType("A form is posted as JSON, application/x-www-form-urlencoded or multipart/form-data.")


def _bounded(request: Request, most: int) -> bytes:
    raw = request.raw
    if len(raw) > most:
        raise PayloadTooLarge(f"The body has {len(raw)} bytes; at most {most} are taken.")
    return raw


def _json_object(raw: bytes) -> dict[str, Any]:
    found = json_text.parsed(raw)
    if not isinstance(found, dict):
        raise MalformedRequest("The body is not a JSON object.")
    return found


def _urlencoded(raw: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_PAIRS)
    except ValueError:
        raise MalformedRequest("The body is not a form in UTF-8.") from None


def _multipart(raw: bytes, content_type: str) -> list[tuple[str, str]]:
    from leadflow.core.multipart import all_parts

    try:
        parts = all_parts(content_type, raw)
    except ValueError:
        raise MalformedRequest("The body is not a form in several parts.") from None
    pairs: list[tuple[str, str]] = []
    for name, part in parts:
        if name is None:
            raise MalformedRequest("The body has a part that is no field of a form.")
        if part.filename is not None and part.content:
            raise InvalidInput(name, "is a file; files are not taken")
        try:
            pairs.append((name, part.content.decode()))
        except UnicodeDecodeError:
            raise MalformedRequest("The body is not a form in UTF-8.") from None
    return pairs


def _gathered(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            earlier = found[name] if isinstance(found[name], list) else [found[name]]
            found[name] = [*earlier, value]
        else:
            found[name] = value
    return found
