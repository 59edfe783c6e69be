"""Contended writes of this wing: decided again on what is newer, a bounded number of times with random pauses."""

from __future__ import annotations

from leadflow.core.errors import InvalidInput, RateLimited
from leadflow.core.turns import Turns

# Enough for dozens of appointments on one assignee's day at the same moment; about three seconds of pauses in all.
TURNS = Turns(24, longest_pause_seconds=0.25)


def crowded_out(kind: str, record_id: str) -> RateLimited:
    """What to raise when no turn was enough."""
    return RateLimited(f"{kind} {record_id} is in the way of many requests at once.")


def no_such_lead(lead_id: str) -> InvalidInput:
    """What to raise when a record was to be about a lead that is not there, or not any more."""
    return InvalidInput("lead_id", f"there is no lead {lead_id}")
