"""How totals follow the items they count: exactly, whatever order and however often the changes are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# An item's word in each group of its kind.
Place = Mapping[str, str]
# One total: kind, group and word.
Line = tuple[str, str, str]


@dataclass(frozen=True)
class Move:
    """That one item is to be counted at another place from now on; of two moves of one item the higher order wins."""

    pk: str
    sk: str
    kind: str
    order: int
    place: Place
    is_gone: bool = False


def order_of(version: int, *, is_gone: bool) -> int:
    """Twice the version of the item, and one more when that version is gone."""
    return 2 * version + is_gone


def latest(moves: Iterable[Move]) -> dict[tuple[str, str], Move]:
    """The last move of each item, by its key: where an item was in between counts for nothing."""
    last: dict[tuple[str, str], Move] = {}
    for move in moves:
        key = (move.pk, move.sk)
        if key not in last or last[key].order < move.order:
            last[key] = move
    return last


def differences(kind: str, before: Place, after: Place) -> Counter[Line]:
    """What an item of this kind that goes from one place to the other adds to each total."""
    change: Counter[Line] = Counter()
    for place, number in ((before, -1), (after, 1)):
        for group, word in place.items():
            change[kind, group, word] += number
    return change


def total_of(changes: Iterable[Counter[Line]]) -> dict[Line, int]:
    """All changes together, without the lines that stay as they are."""
    together: Counter[Line] = Counter()
    for change in changes:
        for line, number in change.items():
            together[line] += number
    return {line: number for line, number in together.items() if number}
