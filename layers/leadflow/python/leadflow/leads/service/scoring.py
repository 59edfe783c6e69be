"""Why a lead's score is what it is: each signal's part in it, by the arithmetic that made it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leadflow.core import clock
from leadflow.core.errors import NotFound
from leadflow.core.table import Record
from leadflow.leads import rules, store
from leadflow.leads.service.writing import crowded_out
from leadflow.leads.store import history

# The newest signals are told one by one; what older ones left is one sum, which needs no reading.
MOST_PARTS = 100
_TRIES = 4


def explained(lead_id: str) -> Record:
    """The score with its parts, as of the last signal that changed it, newest first.

    `rest` is what signals that are not listed left: older ones, and ones that came from elsewhere. Reads the lead and
    at most 101 signals of each lead that it consists of, and again only when the score changed meanwhile. Raises
    NotFound, RateLimited.
    """
    lead = _found(lead_id)
    for _ in range(_TRIES):
        signals = _newest_signals(lead.parts)
        again = _found(lead_id)
        if again.engagement == lead.engagement:
            return Record(_shown(again, signals), again.v or 0)
        lead = again
    raise crowded_out(lead_id)


def _newest_signals(lead_ids: Sequence[str]) -> list[store.IntentSignal]:
    """One more than are told, newest first."""
    found = [one for lead_id in lead_ids for one in history.signals_before(lead_id, None, MOST_PARTS + 1)]
    return sorted(found, key=lambda signal: str(signal.id), reverse=True)[: MOST_PARTS + 1]


def _found(lead_id: str) -> store.Lead:
    lead = store.find_lead(lead_id)
    if lead is None:
        raise NotFound("lead", lead_id)
    return lead


def _shown(lead: store.Lead, signals: list[store.IntentSignal]) -> dict[str, Any]:
    listed = signals[:MOST_PARTS]
    as_of = clock.parse(lead.scored_at) if lead.scored_at else clock.parse(str(lead.created_at))
    times = [clock.parse(str(signal.created_at)) for signal in listed]
    weights = [rules.weight(signal.score_impact, at) for signal, at in zip(listed, times, strict=True)]
    # Summed from the oldest on, told from the newest on.
    found = rules.breakdown(int(lead.engagement), weights[::-1], as_of)
    parts = [
        {
            "signal_id": signal.id,
            "signal_type": signal.signal_type,
            "title": rules.SIGNAL_TITLES.get(signal.signal_type, signal.signal_type),
            "impact": signal.score_impact,
            "at": signal.created_at,
            "age_seconds": round((as_of - at).total_seconds(), 3),
            "weight": rules.fading(at, as_of),
            "points": points,
        }
        for signal, at, points in zip(listed, times, found.parts[::-1], strict=True)
    ]
    return {
        "lead_id": lead.id,
        "score": found.score,
        "as_of": lead.scored_at,
        "half_life_days": rules.HALF_LIFE.days,
        "parts": parts,
        "rest": found.rest,
        "has_older_signals": len(signals) > MOST_PARTS,
        "total": found.total,
        "rounded": found.rounded,
        "is_clamped": found.rounded != found.score,
    }
