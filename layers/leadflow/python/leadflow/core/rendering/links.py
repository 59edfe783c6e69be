"""Which addresses may stand in a mail: nothing that runs."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlsplit

_CONTROL = re.compile(r"[\x00-\x20\x7f-\xa0\xad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]")
_UNSAFE = re.compile(r'[<>"\'`{}|\\^]')
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_ALLOWED = frozenset({"http", "https", "mailto", "tel", "sms", "cid"})
_PICTURE = re.compile(r"data:image/(png|jpe?g|gif|webp);base64,", re.IGNORECASE)
ADDRESS_ATTRIBUTES = ("href", "src", "action", "formaction", "background", "poster", "data")
# A value with a colon, written out or as an entity, that does not start as harmless ones do. It begins with the sign
# and not with the attribute's name as that makes it forty times faster.
_SUSPECT = re.compile(
    r"""=(?P<space>\s*)(?!["']?(?:https?:|mailto:|tel:|cid:|[/#]))"""
    r"""(?P<value>"[^":&]*[:&][^"]*"|'[^':&]*[:&][^']*'|[^\s"'>:&=]*[:&][^\s"'>]*)"""
)
_LONGEST_NAME = 64  # with the white space after it


def safe_url(value: object) -> str:
    """The address if it is http, https or mailto and names someone, else an empty text.

    Control characters and line breaks are taken out, and what could end an attribute is percent-encoded.
    """
    if not isinstance(value, str):
        return ""
    text = _CONTROL.sub("", value.strip().replace(" ", "%20"))
    text = _UNSAFE.sub(lambda match: f"%{ord(match.group()):02X}", text)
    try:
        parts = urlsplit(text)
    except ValueError:  # a bracket out of place
        return ""
    if parts.scheme in ("http", "https"):
        return text if parts.hostname else ""
    return text if parts.scheme == "mailto" and parts.path else ""


def without_harmful_links(html: str) -> str:
    """The page with `#` in place of every address that would run (javascript:, vbscript:, data: but pictures)."""
    return _SUSPECT.sub(_judged, html)


def _judged(match: re.Match[str]) -> str:
    name = match.string[max(0, match.start() - _LONGEST_NAME) : match.start()].rstrip().lower()
    if not name.endswith(ADDRESS_ATTRIBUTES):
        return match.group()
    address = _CONTROL.sub("", unescape(match["value"].strip("\"'")))
    scheme = _SCHEME.match(address)
    if scheme is None or scheme[1].lower() in _ALLOWED:
        return match.group()
    if name.endswith(("src", "background")) and _PICTURE.match(address):
        return match.group()
    return f'={match["space"]}"#"'
