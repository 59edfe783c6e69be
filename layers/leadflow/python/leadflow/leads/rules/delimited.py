"""Takes a file of records apart, piece by piece: whatever the file, no more than one record and one piece is held.

A record ends with its line, unless a quote is open there. A quote that is never closed would swallow the rest of the
file, so after 256 KB the first line alone is given up and reading goes on with the next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

MAX_RECORD_BYTES = 256 * 1024
TOO_LONG = f"is longer than {MAX_RECORD_BYTES // 1024} KB, or opens a quote that is not closed"
_UNKNOWN = -1


class Piece(NamedTuple):
    """One record: its bytes without the end of the line, where it ends in the file, and why it cannot be read."""

    raw: bytes
    end: int
    problem: str | None = None


class Splitter:
    """Splits what it is fed. `start` is where in the file the first byte comes from; `quote` says that quotes count."""

    def __init__(self, start: int, *, delimiter: str, newline: bytes = b"\n", quote: bool = True) -> None:
        self._at = start
        self._delimiter = delimiter.encode()
        self._newline = newline
        self._quote = quote
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes, *, last: bool) -> Iterator[Piece]:
        """The records that are complete with these bytes; `last` says that nothing follows."""
        buffer = self._rest + data
        position = 0
        while position < len(buffer):
            end, problem = self._next(buffer, position, last)
            if end == _UNKNOWN:
                break
            if self._skipping:
                self._skipping, problem = False, TOO_LONG
            raw = b"" if problem else buffer[position:end].removesuffix(self._newline).removesuffix(b"\r")
            self._at += end - position
            position = end
            yield Piece(raw, self._at, problem)
        self._keep(buffer[position:])
        if last and self._skipping:
            self._skipping = False
            yield Piece(b"", self._at, TOO_LONG)

    def _keep(self, rest: bytes) -> None:
        """Holds what is not complete; of a line without end only that there is one."""
        if self._skipping or (len(rest) > MAX_RECORD_BYTES and self._newline not in rest):
            self._at += len(rest)
            self._skipping = bool(rest) or self._skipping
            rest = b""
        self._rest = rest

    def _next(self, buffer: bytes, start: int, last: bool) -> tuple[int, str | None]:
        """Where the record that begins here ends, `_UNKNOWN` when more is needed, and what is wrong with it."""
        line = buffer.find(self._newline, start)
        first = line + len(self._newline) if line >= 0 else len(buffer) if last else _UNKNOWN
        quoted = self._quote and not self._skipping and buffer.find(b'"', start, line if line >= 0 else None) >= 0
        end = self._end_with_quotes(buffer, start, last) if quoted else first
        if end != _UNKNOWN and end - start <= MAX_RECORD_BYTES:
            return end, None
        if end != _UNKNOWN or last or len(buffer) - start > MAX_RECORD_BYTES:
            return first, TOO_LONG
        return _UNKNOWN, None

    def _end_with_quotes(self, buffer: bytes, position: int, last: bool) -> int:
        while True:
            if buffer[position : position + 1] == b'"':
                position = self._after_quote(buffer, position + 1, last)
                if position == _UNKNOWN:
                    return _UNKNOWN
            line = buffer.find(self._newline, position)
            field = buffer.find(self._delimiter, position, line if line >= 0 else None)
            if field >= 0:
                position = field + 1
            elif line >= 0:
                return line + len(self._newline)
            else:
                return len(buffer) if last else _UNKNOWN

    @staticmethod
    def _after_quote(buffer: bytes, position: int, last: bool) -> int:
        """Where a quoted field goes on after its closing quote; two quotes are one within it."""
        while True:
            quote = buffer.find(b'"', position)
            if quote < 0 or (quote + 1 == len(buffer) and not last):
                return _UNKNOWN
            if buffer[quote + 1 : quote + 2] != b'"':
                return quote + 1
            position = quote + 2


def fields(record: str, delimiter: str) -> list[str]:
    """The fields of one record of a delimited file."""
    if '"' not in record:
        return record.split(delimiter)
    found: list[str] = []
    position = 0
    while True:
        value, position = _field(record, position, delimiter)
        found.append(value)
        if position > len(record):
            return found


def _field(record: str, position: int, delimiter: str) -> tuple[str, int]:
    """The field that begins here, and where the next one does (beyond the end after the last)."""
    quoted = ""
    if record[position : position + 1] == '"':
        parts: list[str] = []
        position += 1
        while True:
            quote = record.find('"', position)
            quote = len(record) if quote < 0 else quote
            parts.append(record[position:quote])
            position = quote + 1
            if record[position : position + 1] != '"':
                break
            parts.append('"')
            position += 1
        quoted = "".join(parts)
    end = record.find(delimiter, position)
    end = len(record) if end < 0 else end
    return quoted + record[position:end], end + 1
