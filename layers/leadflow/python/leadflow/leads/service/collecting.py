"""What public doors collect: a signal of a lead with its score, once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from leadflow.core import clock, table
from leadflow.leads import rules, store


def signal_of(lead: store.Lead, signal_id: str, signal_type: str, data: dict[str, Any]) -> store.IntentSignal:
    """A signal of now, which counts what its type counts by default."""
    return store.IntentSignal(
        pk=lead.pk,
        sk=f"SIG#{signal_id}",
        id=signal_id,
        lead_id=lead.id,
        signal_type=signal_type,
        signal_data=data,
        score_impact=rules.DEFAULT_IMPACTS[signal_type],
        created_at=clock.now_stamp(),
    )


def scored(line: Sequence[store.Lead], signal: store.IntentSignal) -> None:
    """Puts what the signal weighs on the leads that are about to be written: the one it came by, and what it is in."""
    now = clock.now()
    weight = rules.weight(signal.score_impact, clock.parse(str(signal.created_at)))
    for lead in line:
        engagement = int(lead.engagement) + weight
        lead.engagement, lead.score = str(engagement), rules.score(engagement, now)
        lead.scored_at, lead.cause = clock.stamp(now), []
    if line[0].merges:
        line[0].own_scored_at = line[0].scored_at


def collected(write: Callable[[], None]) -> bool:
    """Whether it is on file now, by this write or an earlier one; False when the next try may do it.

    Raises store.IdentityTaken for what belonged to a person who was erased: no try may do that.
    """
    try:
        write()
    except table.AlreadyThere:
        return True
    except table.Stale:
        return False
    except store.IdentityTaken as taken:
        if store.is_tombstone(taken.identity):
            raise
        return False
    except table.TransactionRefused as refused:
        if not refused.contended:
            raise
        return False
    return True
