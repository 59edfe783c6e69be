"""Cells of exported files: safe to open in a spreadsheet, and the same values again when they are imported."""

from __future__ import annotations

import re
from collections.abc import Iterable

# What makes a spreadsheet take a cell for a formula (OWASP, CSV Injection).
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_QUOTED = re.compile(r"[\",\r\n]|^\s|\s$")


def guarded(value: str) -> str:
    """The value as a cell that no spreadsheet takes for a formula: with an apostrophe before it where it would."""
    return f"'{value}" if _FORMULA.match(value) else value


def unguarded(cell: str) -> str:
    """The value of a cell that `guarded` made; any other cell is its own value."""
    return cell[1:] if _GUARDED.match(cell) else cell


def line(values: Iterable[str]) -> str:
    """One line of a CSV file (RFC 4180), its end included."""
    return ",".join(map(_cell, values)) + "\r\n"


def _cell(value: str) -> str:
    cell = guarded(value)
    return '"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell
