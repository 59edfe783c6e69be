"""Keeps the totals of the overview: one move per item that changed its place, in one transaction with the totals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leadflow.activities.service import timeline as activity_items
from leadflow.campaigns.service import events as campaign_events
from leadflow.core import table
from leadflow.core.events import Change
from leadflow.core.turns import Turns
from leadflow.enrichment.service import timeline as enrichment_items
from leadflow.leads.service import events as lead_events
from leadflow.platform import rules_totals as rules
from leadflow.platform import store_totals as store
from leadflow.workflows.service import timeline as workflow_items

# With these come the classes of the counted items, without which their changes could not be read.
COUNTED = (activity_items, campaign_events, enrichment_items, lead_events, workflow_items)
# A transaction takes 100 actions: one per item, and one per total, of which there are at most 60 in all.
_PER_TRANSACTION = 40
_TURNS = Turns(8, longest_pause_seconds=0.5)


def count(changes: Sequence[Change]) -> None:
    """Counts items where these changes put them; one that was counted, or is older than one that was, does nothing.

    Raises table.TransactionRefused when others were in the way all the time.
    """
    moves = list(rules.latest(move for change in changes for move in _moves(change)).values())
    for first in range(0, len(moves), _PER_TRANSACTION):
        _apply(moves[first : first + _PER_TRANSACTION])


def _moves(change: Change) -> Iterator[rules.Move]:
    old, new = change.old, change.new
    # What stays in the place of an item that is gone is an item of another kind.
    here = new if new is not None and (old is None or type(old) is type(new)) else None
    before = old.counted_as() if old is not None else {}
    if here is not None and here.counted_as() != before:
        yield _move(here, here.counted_as(), is_gone=False)
    if here is None and old is not None and before and not old.counts_when_gone:
        yield _move(old, {}, is_gone=True)


def _move(item: table.Item, place: rules.Place, *, is_gone: bool) -> rules.Move:
    order = rules.order_of(int(item.v), is_gone=is_gone)
    return rules.Move(item.pk, item.sk, type(item).__name__, order, place, is_gone)


def _apply(moves: list[rules.Move]) -> None:
    for turn in _TURNS:
        marks = store.marks_of([(move.pk, move.sk) for move in moves])
        news = [(move, mark) for move, mark in zip(moves, marks, strict=True) if mark.order < move.order]
        if not news:
            return
        change = rules.total_of(rules.differences(move.kind, mark.place, move.place) for move, mark in news)
        for move, mark in news:
            mark.put(move.place, move.order, expiring=move.is_gone)
        try:
            store.commit([mark for _, mark in news], change)
        except table.TransactionRefused:
            if turn == _TURNS.count - 1:
                raise
        else:
            return
