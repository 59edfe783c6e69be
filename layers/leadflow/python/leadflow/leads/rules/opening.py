"""How a file begins: what it is written in, what its columns are, and where its first row stands."""

from __future__ import annotations

from typing import NamedTuple

from leadflow.core.errors import InvalidInput
from leadflow.leads.rules.columns import DELIMITERS, Layout, layout, sense_of
from leadflow.leads.rules.delimited import Splitter

# What is read to find the columns.
HEAD_BYTES = 64 * 1024
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0")
# The line by which spreadsheets tell each other what parts the cells.
_SPREADSHEETS_OWN = "sep="


class Opening(NamedTuple):
    """Where the rows begin, in bytes, and how they are read; no layout for NDJSON."""

    start: int
    newline: bytes
    layout: Layout | None


def opening(head: bytes, file_format: str, *, whole: bool) -> Opening:
    """Reads the beginning of a file; `whole` says that this is all of it.

    Raises InvalidInput naming `file` or `header` when no rows can be read from it.
    """
    if head.startswith(_PACKED):
        raise InvalidInput("file", "is a spreadsheet or an archive; save it as CSV in UTF-8")
    if head.startswith(_UTF16):
        raise InvalidInput("file", "is in UTF-16; save it as CSV in UTF-8")
    start = len(_BOM) if head.startswith(_BOM) else 0
    if not head[start:].strip():
        raise InvalidInput("file", "is empty")
    if file_format != "csv":
        return Opening(start, b"\n", None)
    newline = b"\r" if b"\n" not in head and b"\r" in head else b"\n"
    found = {delimiter: _header(head, start, newline, delimiter, whole) for delimiter in DELIMITERS}
    header, end = found[max(found, key=lambda delimiter: sense_of(found[delimiter][0], delimiter))]
    return Opening(end, newline, layout(header))


def _header(head: bytes, start: int, newline: bytes, delimiter: str, whole: bool) -> tuple[str, int]:
    """The first line that is not blank if this is the delimiter, and where it ends."""
    for piece in Splitter(start, delimiter=delimiter, newline=newline).feed(head[start:], last=whole):
        if piece.problem:
            break
        try:
            text = piece.raw.decode()
        except UnicodeDecodeError:
            raise InvalidInput("header", "is not in UTF-8; save the file as CSV in UTF-8") from None
        if text.strip() and not text.lower().startswith(_SPREADSHEETS_OWN):
            return text, piece.end
    raise InvalidInput(
        "header", f"is not found in the first {HEAD_BYTES // 1024} KB, or has a quote that is not closed"
    )
