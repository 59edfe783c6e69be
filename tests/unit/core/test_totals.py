"""Totals, whatever order and however often changes are read."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from leadflow.core.totals import arithmetic as totals

WORDS = ["new", "open", "done"]
LINES = st.dictionaries(
    st.tuples(st.sampled_from(["", "CAMP#1"]), st.sampled_from(WORDS)), st.integers(1, 3), max_size=4
)


@st.composite
def histories(draw: st.DrawFn) -> list[list[totals.Move]]:
    """Of some items, what each added at each version, and perhaps its end."""
    found = []
    for number in range(draw(st.integers(1, 4))):
        versions = draw(st.lists(LINES, min_size=1, max_size=5))
        moves = [
            totals.Move(f"I{number}", "#", totals.order_of(version, is_gone=False), lines)
            for version, lines in enumerate(versions, start=1)
        ]
        if draw(st.booleans()):
            moves.append(totals.Move(f"I{number}", "#", totals.order_of(len(versions), is_gone=True), {}, True))
        found.append(moves)
    return found


@given(histories(), st.data())
def test_totals_come_to_what_the_items_add_in_the_end(history: list[list[totals.Move]], data: st.DataObject) -> None:
    every = [move for moves in history for move in moves]
    read = data.draw(st.permutations([*every, *data.draw(st.lists(st.sampled_from(every), max_size=6))]))
    marks: dict[str, totals.Move] = {}
    sums: Counter[totals.Line] = Counter()

    while read:
        size = data.draw(st.integers(1, len(read)))
        batch, read = read[:size], read[size:]
        for (pk, _), move in totals.latest(batch).items():
            known = marks.get(pk)
            if known is None or known.order < move.order:
                sums.update(totals.total_of([totals.difference(known.lines if known else {}, move.lines)]))
                marks[pk] = move

    ends: Counter[totals.Line] = Counter()
    for moves in history:
        ends.update(moves[-1].lines)
    assert {line: number for line, number in sums.items() if number} == ends


def test_a_line_that_stays_as_it_is_is_left_out() -> None:
    there = totals.difference({("", "new"): 1, ("", "api"): 1}, {("", "open"): 1, ("", "api"): 1})

    assert there == {("", "new"): -1, ("", "open"): 1}
    assert totals.total_of([there, totals.difference({("", "open"): 1}, {("", "new"): 1})]) == {}
