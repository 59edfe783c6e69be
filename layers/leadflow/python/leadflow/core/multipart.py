"""multipart/form-data as bytes: what a part holds is in whatever charset its sender chose, so nothing is decoded here.

The standard library reads forms as mails, in the square of the time that their headers are long, and gives up on
brackets within brackets; this is for posts of anybody. RFC 7578; https://www.rfc-editor.org/rfc/rfc7578
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_MOST_PARTS = 500
_BOUNDARY = re.compile(r"""boundary=(?:"([^"]{1,200})"|([^;\s,]{1,200}))""", re.IGNORECASE)
_VALUE = r"""(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))"""
_NAME = re.compile(rf"(?:^|;)\s*name={_VALUE}", re.IGNORECASE)
_FILENAME = re.compile(rf"(?:^|;)\s*filename\*?={_VALUE}", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """One field of a form: its bytes, and what its sender calls a file's name and type."""

    content: bytes = field(repr=False)
    filename: str | None = None
    media_type: str | None = None


def parts_of(content_type: str, raw: bytes) -> dict[str, Part]:
    """The fields of a form by name, of a name that comes twice the first; what has no name is left out.

    Raises ValueError as `all_parts` does.
    """
    parts: dict[str, Part] = {}
    for name, part in all_parts(content_type, raw):
        if name is not None:
            parts.setdefault(name, part)
    return parts


def all_parts(content_type: str, raw: bytes) -> list[tuple[str | None, Part]]:
    """The parts of a form in order, each with its name; None for one that has none, or no content.

    Raises ValueError when it is no form, is cut off, or has more than 500 parts.
    """
    found = _BOUNDARY.search(content_type)
    if not content_type.lower().lstrip().startswith("multipart/form-data") or found is None:
        raise ValueError("it is no multipart form")
    mark = b"--" + (found[1] or found[2]).encode()
    pieces = (b"\r\n" + raw).split(b"\r\n" + mark, _MOST_PARTS + 2)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise ValueError("the form does not end with its boundary" if len(pieces) <= _MOST_PARTS + 1 else "too many")
    parts: list[tuple[str | None, Part]] = []
    for piece in pieces[1:-1]:
        head, gap, content = piece.partition(b"\r\n\r\n")
        name, part = _part(head.decode(errors="replace"), content)
        parts.append((name if gap else None, part))
    return parts


def _part(head: str, content: bytes) -> tuple[str | None, Part]:
    headers = dict(line.split(":", 1) for line in head.split("\r\n") if ":" in line)
    named = {name.strip().lower(): value.strip() for name, value in headers.items()}
    disposition = named.get("content-disposition", "")
    name, filename = _NAME.search(disposition), _FILENAME.search(disposition)
    media_type = named.get("content-type", "").partition(";")[0].strip().lower() or None
    return _value(name), Part(content, _value(filename), media_type)


def _value(found: re.Match[str] | None) -> str | None:
    if found is None:
        return None
    return found[1].replace('\\"', '"') if found[1] is not None else found[2]
