from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from leadflow.platform import rules_totals as rules

WORDS = ["new", "open", "done"]
PLACES = st.fixed_dictionaries({"status": st.sampled_from(WORDS)})


@st.composite
def histories(draw: st.DrawFn) -> list[list[rules.Move]]:
    """Of some items, where each was at each version, and perhaps its end."""
    found = []
    for number in range(draw(st.integers(1, 4))):
        places = draw(st.lists(PLACES, min_size=1, max_size=5))
        moves = [
            rules.Move(f"I{number}", "#", "Item", rules.order_of(version, is_gone=False), place)
            for version, place in enumerate(places, start=1)
        ]
        if draw(st.booleans()):
            moves.append(rules.Move(f"I{number}", "#", "Item", rules.order_of(len(places), is_gone=True), {}, True))
        found.append(moves)
    return found


@given(histories(), st.data())
def test_totals_come_to_where_the_items_are_in_the_end(history: list[list[rules.Move]], data: st.DataObject) -> None:
    every = [move for moves in history for move in moves]
    read = data.draw(st.permutations([*every, *data.draw(st.lists(st.sampled_from(every), max_size=6))]))
    marks: dict[str, rules.Move] = {}
    totals: Counter[rules.Line] = Counter()

    while read:
        size = data.draw(st.integers(1, len(read)))
        batch, read = read[:size], read[size:]
        for (pk, _), move in rules.latest(batch).items():
            known = marks.get(pk)
            if known is None or known.order < move.order:
                before = known.place if known else {}
                totals.update(rules.total_of([rules.differences(move.kind, before, move.place)]))
                marks[pk] = move

    ends = Counter(("Item", group, word) for moves in history for group, word in moves[-1].place.items())
    assert {line: number for line, number in totals.items() if number} == ends


def test_a_line_that_stays_as_it_is_is_left_out() -> None:
    there_and_back = [
        rules.differences("Item", {"status": "new", "source": "api"}, {"status": "open", "source": "api"}),
        rules.differences("Item", {"status": "open"}, {"status": "new"}),
    ]

    assert rules.total_of(there_and_back) == {}
