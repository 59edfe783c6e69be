"""Totals over the table, kept from its stream, exact however often and in whatever batches the changes are read.

An item says what it adds to which totals (`table.Item.adds_to`). What it added last, and as of which of its versions,
is kept in a mark; mark and totals change in one transaction. So a change that is read again, or late, does nothing,
and the totals are at every moment the sum of all marks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute

from leadflow.core import clock, table
from leadflow.core.events import Change
from leadflow.core.totals.arithmetic import Line, Lines, Move, difference, latest, order_of, total_of
from leadflow.core.turns import Turns

# A change may be read again as long as the stream keeps it, which is 24 hours.
_REMEMBERED = timedelta(days=7)
# A transaction takes 100 actions: one per item and one per total. One item adds to some 40 at most.
_READ_AT_ONCE = 60
_MOST_ACTIONS = 100
_TURNS = Turns(8, longest_pause_seconds=0.5)


class CountedPlace(table.Item, discriminator="CountedPlace"):
    """What an item adds to the totals, by their owner, and as of which of its versions.

    pk `COUNTED#<pk of the item>`  sk `<sk of the item>`

    Of an item that is gone it expires after a week, when no change of it can be read again.
    """

    adds = JSONAttribute(default=dict)
    order = NumberAttribute(default=0)

    @property
    def lines(self) -> dict[Line, int]:
        return {(owner, name): number for owner, lines in self.adds.items() for name, number in lines.items()}

    def put(self, move: Move) -> None:
        adds: dict[str, dict[str, int]] = {}
        for (owner, name), number in move.lines.items():
            adds.setdefault(owner, {})[name] = number
        self.adds, self.order = adds, move.order
        self.expires_at = clock.epoch_seconds(clock.now() + _REMEMBERED) if move.is_gone else None


class Total(table.Item, discriminator="Total"):
    """One total: of the overview, as `Lead#status#new`, or of an owner such as a campaign.

    pk `TOTALS` or `TOTALS#<owner>`  sk `<name>`
    """

    number = NumberAttribute(default=0)


def lines_of(item: table.Item) -> dict[Line, int]:
    """What an item adds to the totals now; nothing of most kinds."""
    kind = type(item).__name__
    lines = {("", f"{kind}#{group}#{word}"): 1 for group, word in item.counted_as().items()}
    for owner, added in item.adds_to().items():
        lines |= {(owner, name): number for name, number in added.items()}
    return lines


def count(changes: Iterable[Change]) -> None:
    """Counts items as these changes leave them; one that was counted, or is older than one that was, does nothing.

    Raises table.TransactionRefused when others were in the way all the time.
    """
    keep_up(latest(move for change in changes for move in _moves(change)).values(), is_told=True)


def keep_up(moves: Iterable[Move], *, is_told: bool = False) -> int:
    """Brings the totals up to these moves; gives how many were not counted yet.

    `is_told` says that they are changes as the stream tells them: then a change that comes after a later one is known
    for what it is, also where the later one adds what was added before both.
    """
    waiting, done = list(moves), 0
    while waiting:
        taken, news = _apply(waiting[:_READ_AT_ONCE], is_told=is_told)
        waiting, done = waiting[taken:], done + news
    return done


def move_of(item: table.Item) -> Move:
    """That the item, as it is, is to be counted."""
    return Move(item.pk, item.sk, order_of(int(item.v), is_gone=False), lines_of(item))


def read(owner: str, prefix: str = "") -> dict[str, int]:
    """The totals of an owner by name, whose names begin so; read consistently."""
    found = table.query_items(Total, _pk(owner), prefix=prefix, newest_first=False)
    return {total.sk: int(total.number) for total in found}


def read_some(lines: Sequence[Line]) -> dict[Line, int]:
    """These totals; 0 for those that nothing was ever added to."""
    found = {(total.pk, total.sk): int(total.number) for total in table.find_many(Total, map(_key, lines))}
    return {line: found.get(_key(line), 0) for line in lines}


def marks_of(keys: Sequence[tuple[str, str]]) -> list[CountedPlace]:
    """The marks of the items with these keys, in their order; a new one for an item that was never counted."""
    wanted = [(f"COUNTED#{pk}", sk) for pk, sk in keys]
    found = {(mark.pk, mark.sk): mark for mark in table.find_many(CountedPlace, wanted)}
    return [found.get(key) or CountedPlace(pk=key[0], sk=key[1]) for key in wanted]


def correct(owner: str, name: str, seen: int, right: int) -> bool:
    """Puts a total right that is not the sum of its marks; False when it has moved on since it was seen."""
    total = Total(pk=_pk(owner), sk=name, v=1)
    is_same = Total.number == seen if seen else Total.number.does_not_exist() | (Total.number == 0)
    try:
        with table.transaction() as writes:
            writes.update(total, _added(right - seen), condition=is_same, add_version_condition=False)
    except table.TransactionRefused:
        return False
    return True


def _moves(change: Change) -> Iterator[Move]:
    old, new = change.old, change.new
    # What stays in the place of an item that is gone is an item of another kind.
    here = new if new is not None and (old is None or type(old) is type(new)) else None
    before = lines_of(old) if old is not None else {}
    if here is not None and lines_of(here) != before:
        yield move_of(here)
    if here is None and old is not None and before and not old.counts_when_gone:
        yield Move(old.pk, old.sk, order_of(int(old.v), is_gone=True), {}, is_gone=True)


def _apply(moves: list[Move], *, is_told: bool) -> tuple[int, int]:
    """Counts the first of these moves, as many as go together: how many that were, and how many of them were news."""
    for turn in _TURNS:
        marks = marks_of([(move.pk, move.sk) for move in moves])
        taken, news = _together(moves, marks, is_told=is_told)
        if not news:
            return taken, 0
        change = total_of(difference(mark.lines, move.lines) for move, mark in news)
        for move, mark in news:
            mark.put(move)
        try:
            _commit([mark for _, mark in news], change)
        except table.TransactionRefused:
            if turn == _TURNS.count - 1:
                raise
        else:
            break
    return taken, len(news)


def _together(
    moves: Sequence[Move], marks: Sequence[CountedPlace], *, is_told: bool
) -> tuple[int, list[tuple[Move, CountedPlace]]]:
    """How many moves, from the first on, fit into one transaction, and those of them that are not counted yet."""
    news: list[tuple[Move, CountedPlace]] = []
    touched: set[Line] = set()
    for number, (move, mark) in enumerate(zip(moves, marks, strict=True)):
        if mark.order >= move.order:
            continue
        changed = difference(mark.lines, move.lines)
        if not changed and not is_told:
            # What it adds was counted with an earlier version of it.
            continue
        lines = touched | set(changed)
        if news and len(news) + 1 + len(lines) > _MOST_ACTIONS:
            return number, news
        news.append((move, mark))
        touched = lines
    return len(moves), news


def _commit(marks: Sequence[CountedPlace], change: Lines) -> None:
    """Writes these marks and adds to the totals, all or nothing.

    Raises table.TransactionRefused when a mark has been moved since it was read, or others were in the way.
    """
    with table.transaction() as writes:
        for mark in marks:
            mark.touch()
            writes.save(mark)
        for line, number in change.items():
            pk, sk = _key(line)
            writes.update(Total(pk=pk, sk=sk), _added(number), add_version_condition=False)


def _added(number: int) -> list[Any]:
    return [Total.kind.set(Total), Total.number.add(number)]


def _key(line: Line) -> tuple[str, str]:
    return _pk(line[0]), line[1]


def _pk(owner: str) -> str:
    return f"TOTALS#{owner}" if owner else "TOTALS"
