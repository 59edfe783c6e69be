"""The filters of the template language: which of Liquid's we keep, and our own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime

from liquid import Environment, Markup, RenderContext, escape, soft_str
from liquid.exceptions import OutputStreamLimitError
from liquid.filter import liquid_filter, sequence_filter, string_filter, with_context, with_environment
from liquid.undefined import Undefined

from leadflow.core import windows
from leadflow.core.rendering.links import safe_url

MAX_TEXT = 1_000_000
MAX_DATE_FORMAT = 100

# Not kept: `safe` (lifts escaping), base64 and escapejs (nothing for a mail), uniq (time in the square of its input).
ADOPTED = (
    "abs", "append", "at_least", "at_most", "capitalize", "ceil", "compact", "concat", "divided_by", "downcase",
    "escape", "escape_once", "first", "floor", "last", "lstrip", "map", "minus", "modulo", "newline_to_br", "plus",
    "prepend", "remove", "remove_first", "remove_last", "replace_first", "replace_last", "reverse", "round", "rstrip",
    "size", "slice", "sort", "sort_natural", "split", "squish", "strip", "strip_newlines", "times", "truncate",
    "truncatewords", "upcase", "url_decode", "url_encode", "where",
)  # fmt: skip

_TAG = re.compile(r"<[^<>]*>")


def is_blank(value: object) -> bool:
    """Absent, null, white space, or an empty list or object."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, (Undefined, list, dict)) and not value)


def text_of(value: object, autoescape: bool) -> str:
    """What `{{ }}` writes: lists with commas, objects as JSON, nothing for what has no value."""
    if isinstance(value, str):
        text = value
    elif isinstance(value, bool):
        text = "true" if value else "false"
    elif value is None or isinstance(value, Undefined):
        text = ""
    elif isinstance(value, (list, tuple)):
        parts = [text_of(item, autoescape) for item in value]
        return Markup(", ").join(Markup(part) for part in parts) if autoescape else ", ".join(parts)
    elif isinstance(value, dict):
        text = json.dumps(value, ensure_ascii=False, default=str)
    else:
        text = str(value)
    return escape(text) if autoescape else text


@liquid_filter
def _default(value: object, default: object = "", *, allow_false: object = False) -> object:
    """`default`, in place of a blank value or of false."""
    return default if is_blank(value) or (value is False and allow_false is not True) else value


@liquid_filter
def _url(value: object) -> str:
    """The value as an address that is safe to follow, else nothing."""
    return safe_url(value)


@liquid_filter
def _json(value: object) -> str:
    return json.dumps(None if isinstance(value, Undefined) else value, ensure_ascii=False, default=str)


@with_context
@liquid_filter
def _date(value: object, form: str, zone: object = None, *, context: RenderContext) -> object:
    """An RFC 3339 time (or `now`, where the caller told it) written as strftime does, in `zone` when one is given.

    What is no time comes back as it is.
    """
    given = context.resolve("now", default=None) if value in ("now", "today") else value
    try:
        moment = datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:  # text of another kind
        return value
    if moment is None:
        return None if value in ("now", "today") else value
    if isinstance(zone, str) and zone and moment.tzinfo is not None:
        # Where there is no such zone the time stays as it was told.
        with suppress(ValueError, OverflowError):
            moment = moment.astimezone(windows.zone(zone) or moment.tzinfo)
    return moment.strftime(str(form)[:MAX_DATE_FORMAT])


@string_filter
def _replace(value: str, old: object, new: object = "") -> str:
    old_text, new_text = soft_str(old), soft_str(new)
    growth = len(new_text) - len(old_text)
    if len(value) + value.count(old_text) * max(growth, 0) > MAX_TEXT:
        raise OutputStreamLimitError("makes too long a text", token=None)
    return value.replace(old_text, new_text)


@with_environment
@sequence_filter
def _join(items: Iterable[object], separator: object = " ", *, environment: Environment) -> str:
    texts = [item if isinstance(item, str) else text_of(item, autoescape=False) for item in items]
    between = Markup(" ") if environment.autoescape and separator == " " else soft_str(separator)
    if sum(map(len, texts)) + len(between) * len(texts) > MAX_TEXT:
        raise OutputStreamLimitError("makes too long a text", token=None)
    return between.join(texts)


@string_filter
def _strip_html(value: str) -> str:
    text = _TAG.sub("", value)
    return Markup(text) if isinstance(value, Markup) else text


OWN: dict[str, Callable[..., object]] = {
    "date": _date,
    "default": _default,
    "join": _join,
    "json": _json,
    "replace": _replace,
    "strip_html": _strip_html,
    "url": _url,
}
