"""Plain tables on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints rows under a title; the first column is left-aligned, the others right."""
    all_rows = [list(columns), *(list(row) for row in rows)]
    widths = [max(len(row[n]) for row in all_rows) for n in range(len(columns))]
    print(f"\n{title}\n")
    for number, row in enumerate(all_rows):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        print("  " + "  ".join(cells).rstrip())
        if number == 0:
            print("  " + "  ".join("-" * width for width in widths))


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


def ratio(value: float, base: float) -> str:
    return f"{value / base:.2f}"
