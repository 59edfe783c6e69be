"""Contended writes of leads: decided again on the newer version, a bounded number of times with random pauses."""

from __future__ import annotations

from collections.abc import Callable

from leadflow.core import table
from leadflow.core.errors import Conflict, RateLimited
from leadflow.core.turns import Turns
from leadflow.leads import store

# Enough for dozens of signals of one lead at the same moment; about three seconds of pauses when all are needed.
TURNS = Turns(24, longest_pause_seconds=0.25)


def crowded_out(lead_id: str) -> RateLimited:
    """What to raise when no turn was enough."""
    return RateLimited(f"Lead {lead_id} is being changed by many requests at once.")


def written(write: Callable[[], None], lead_id: str) -> bool:
    """Whether the write is done; False when the next try may do it. Raises Conflict when another is in the way."""
    try:
        write()
    except table.Stale:
        return False
    except store.IdentityTaken as taken:
        if store.is_tombstone(taken.identity):
            raise Conflict(f"{taken.field}: belongs to a person who was erased, and is not taken again.") from taken
        part = store.owner_of(taken.identity)
        owner = store.find_lead(part) if part is not None else None
        # Nobody: it was let go meanwhile. Ourselves: an earlier try of this request has just been through.
        if owner is None or owner.id == lead_id:
            return False
        raise Conflict(f"{taken.field}: lead {owner.id} has it.", owner.id) from taken
    except table.TransactionRefused as refused:
        if not refused.contended:
            raise
        return False
    return True
