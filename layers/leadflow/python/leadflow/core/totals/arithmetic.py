"""How totals follow the items they count: exactly, whatever order and however often the changes are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# One total: whose it is (empty for the overview), and its name.
Line = tuple[str, str]
# What an item adds to which totals.
Lines = Mapping[Line, int]


@dataclass(frozen=True)
class Move:
    """What one item is to add from now on; of two moves of one item the higher order wins."""

    pk: str
    sk: str
    order: int
    lines: Lines
    is_gone: bool = False


def order_of(version: int, *, is_gone: bool) -> int:
    """Twice the version of the item, and one more when that version is gone."""
    return 2 * version + is_gone


def latest(moves: Iterable[Move]) -> dict[tuple[str, str], Move]:
    """The last move of each item, by its key: what an item added in between counts for nothing."""
    last: dict[tuple[str, str], Move] = {}
    for move in moves:
        key = (move.pk, move.sk)
        if key not in last or last[key].order < move.order:
            last[key] = move
    return last


def difference(before: Lines, after: Lines) -> Counter[Line]:
    """What an item that added the one and now adds the other changes of each total, without what stays."""
    lines = {*before, *after}
    changes = {line: after.get(line, 0) - before.get(line, 0) for line in lines}
    return Counter({line: number for line, number in changes.items() if number})


def total_of(changes: Iterable[Lines]) -> dict[Line, int]:
    """All changes together, without the lines that stay as they are."""
    together: Counter[Line] = Counter()
    for change in changes:
        for line, number in change.items():
            together[line] += number
    return {line: number for line, number in together.items() if number}
