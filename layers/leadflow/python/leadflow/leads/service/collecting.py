"""What public doors collect: a signal of a lead with its score, once."""

from __future__ import annotations

from collections.abc import Callable
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


def scored(lead: store.Lead, signal: store.IntentSignal) -> None:
    """Puts what the signal weighs on the lead that is about to be written."""
    now = clock.now()
    engagement = int(lead.engagement) + rules.weight(signal.score_impact, clock.parse(str(signal.created_at)))
    lead.engagement, lead.score = str(engagement), rules.score(engagement, now)
    lead.scored_at, lead.cause = clock.stamp(now), []


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
