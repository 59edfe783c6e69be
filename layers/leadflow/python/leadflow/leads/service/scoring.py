"""Why a lead's score is what it is: each signal's part in it, and each fit rule's, by the arithmetic that made it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leadflow.core.errors import NotFound
from leadflow.core.table import Record
from leadflow.leads import rules, store
from leadflow.leads.service import rating
from leadflow.leads.service.writing import TURNS, crowded_out
from leadflow.leads.store import history

# The newest signals are told one by one; what older ones left is one sum, which needs no reading.
MOST_PARTS = 100


def explained(lead_id: str) -> Record:
    """The score with its parts, as of the last signal that changed it: signals, newest first, then fit rules.

    `rest` is what signals that are not listed left: older ones, and ones that came from elsewhere. Reads the lead and
    at most 101 signals of each lead that it consists of, further ones where a cap makes them share, and all again
    only when the score changed meanwhile. A lead that waits to be scored by new settings is shown as these score it.
    Raises NotFound, RateLimited.
    """
    scoring, lead = rating.current(), _found(lead_id)
    for _ in TURNS:
        if not rating.is_current([lead], scoring):
            scoring = rating.current()
            lead = next(iter(rating.brought_up_to_date(lead_id, scoring)), lead)
        signals = _newest_signals(lead.parts)
        weights = _weights(signals[:MOST_PARTS], scoring)
        again = _found(lead_id)
        was_waiting = again.scored_by < lead.scored_by and again.v == lead.v
        if was_waiting or (again.engagement, again.scored_by) == (lead.engagement, scoring.revision):
            shown = lead if was_waiting else again
            return Record(_shown(shown, signals, weights, scoring), again.v or 0)
        lead = again
    raise crowded_out(lead_id)


def _newest_signals(lead_ids: Sequence[str]) -> list[store.IntentSignal]:
    """One more than are told, newest first."""
    found = [one for lead_id in lead_ids for one in history.signals_before(lead_id, None, MOST_PARTS + 1)]
    return sorted(found, key=lambda signal: str(signal.id), reverse=True)[: MOST_PARTS + 1]


def _weights(listed: Sequence[store.IntentSignal], scoring: rules.Scoring) -> list[tuple[int, int]]:
    """The part of itself that each signal counts, as a fraction; less than all where a cap makes it share."""
    windows: dict[tuple[str, str, int], list[rules.Weighed]] = {}
    shares = []
    for signal in listed:
        one = rating.weighed(signal)
        key = (signal.lead_id, one.kind, rules.window_of(one, scoring))
        if key not in windows:
            windows[key] = [one, *rating.neighbours(signal, scoring)]
        shares.append(rules.share(windows[key], scoring.types[one.kind]) if scoring.types[one.kind].cap else (1, 1))
    return shares


def _found(lead_id: str) -> store.Lead:
    lead = store.find_lead(lead_id)
    if lead is None:
        raise NotFound("lead", lead_id)
    return lead


def _shown(
    lead: store.Lead, signals: list[store.IntentSignal], shares: Sequence[tuple[int, int]], scoring: rules.Scoring
) -> dict[str, Any]:
    listed, sums = signals[:MOST_PARTS], rating.sums_of(lead)
    counted = [_counted(signal, one, scoring) for signal, one in zip(listed, shares, strict=True)]
    # Summed from the oldest on, told from the newest on.
    found = rules.breakdown(sums, counted[::-1], scoring)
    parts = [
        _part(signal, points, one, sums, scoring)
        for signal, points, one in zip(listed, found.parts[::-1], shares, strict=True)
    ]
    return {
        "lead_id": lead.id,
        "score": found.score,
        "as_of": lead.scored_at,
        "parts": [*parts, *(_fit_part(name, points) for name, points in rating.fit_of(lead, scoring))],
        "rest": found.rest,
        "has_older_signals": len(signals) > MOST_PARTS,
        "total": found.total,
        "rounded": found.rounded,
        "is_clamped": found.rounded != found.score,
    }


def _counted(signal: store.IntentSignal, share: tuple[int, int], scoring: rules.Scoring) -> tuple[str, int]:
    one, (part, whole) = rating.weighed(signal), share
    return one.kind, rules.weight(one.impact, one.at, scoring.types[one.kind].half_life) * part // whole


def _part(
    signal: store.IntentSignal, points: float, share: tuple[int, int], sums: rules.Sums, scoring: rules.Scoring
) -> dict[str, Any]:
    one, (part, whole) = rating.weighed(signal), share
    half_life = scoring.types[one.kind].half_life
    return {
        "source": one.kind,
        "signal_id": signal.id,
        "signal_type": one.kind,
        "title": rules.SIGNAL_TITLES.get(one.kind, one.kind),
        "impact": signal.score_impact,
        "at": signal.created_at,
        "age_seconds": round((sums.at - one.at).total_seconds(), 3),
        "half_life_days": half_life.days,
        "share": round(part / whole, 6),
        "weight": round(rules.fading(one.at, sums.at, half_life) * part / whole, 6),
        "points": points,
    }


def _fit_part(name: str, points: float) -> dict[str, Any]:
    nothing = dict.fromkeys(("signal_id", "signal_type", "at", "age_seconds", "half_life_days"))
    return {"source": "fit", "title": name, "impact": points, "share": 1, "weight": 1, "points": points, **nothing}
