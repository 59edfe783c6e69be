"""What public doors collect: a signal of a lead with its score, once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from leadflow.core import clock, table
from leadflow.leads import rules, store
from leadflow.leads.service import rating


def signal_of(
    lead: store.Lead, signal_id: str, signal_type: str, data: dict[str, Any], scoring: rules.Scoring
) -> store.IntentSignal:
    """A signal of now, which counts what its type counts by default."""
    return store.IntentSignal(
        pk=lead.pk,
        sk=f"SIG#{signal_id}",
        id=signal_id,
        lead_id=lead.id,
        signal_type=signal_type,
        signal_data=data,
        score_impact=scoring.types[signal_type].impact,
        created_at=clock.now_stamp(),
    )


def scored(
    line: Sequence[store.Lead],
    signal: store.IntentSignal,
    scoring: rules.Scoring,
    beside: Sequence[store.IntentSignal] = (),
) -> None:
    """Puts what the signal weighs on the leads that are about to be written: the one it came by, and what it is in.

    They are new, or scored by these settings. `beside` are signals that are written with it and are scored already.
    """
    one = rating.weighed(signal)
    others = [*rating.neighbours(signal, scoring), *rating.in_its_window(one, beside, scoring)]
    amount = rules.added(one, others, scoring)
    for lead in line:
        lead.sums = rating.united(lead.sums, {signal.signal_type: amount})
        lead.scored_at, lead.cause = clock.now_stamp(), []
        rating.rated(lead, scoring)
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
