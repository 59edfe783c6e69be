"""Use cases of signals: each changes its lead's score in its own transaction."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from leadflow.core import clock, ids, table
from leadflow.core.errors import NotFound
from leadflow.core.table import Record
from leadflow.leads import store
from leadflow.leads.service.collecting import scored
from leadflow.leads.service.leads import parts_of
from leadflow.leads.service.rating import line_of
from leadflow.leads.service.writing import TURNS, crowded_out, written

if TYPE_CHECKING:
    from leadflow.leads.schema import IntentSignalCreate


def record_signal(lead_id: str, body: IntentSignalCreate) -> Record:
    """Adds a signal of now and changes the score with it. Raises NotFound, RateLimited when crowded out."""
    signal = _signal(lead_id, ids.new_id(), clock.now(), body.signal_type, body.signal_data)
    kept = _keep_signal(signal, body.score_impact)
    if kept is None:
        raise NotFound("lead", lead_id)
    return kept


def add_signal(
    lead_id: str,
    signal_type: str,
    signal_data: dict[str, Any],
    score_impact: float | None = None,
    *,
    cause: tuple[str, ...],
    at: datetime | None = None,
) -> Record | None:
    """Adds a signal that something else of ours saw, once per cause and moment; None when the lead is gone.

    Without an impact it counts what its type counts.
    `at` is when it happened, now when left out: a caller that may repeat itself gives the moment it has on record,
    and the signal it gave before is given back. A past signal counts what is left of it, one from the future counts
    as of now. Raises RateLimited when crowded out.
    """
    now = clock.now()
    moment = at or now
    signal_id = ids.derived_id(moment, *cause)
    return _keep_signal(_signal(lead_id, signal_id, min(moment, now), signal_type, signal_data), score_impact)


def page_of_signals(lead_id: str, *, limit: int, cursor: str | None) -> dict[str, Any]:
    """A lead's signals, newest first. Raises NotFound when there is no such lead."""
    return store.page_of_signals(parts_of(lead_id), limit=limit, cursor=cursor)


def _signal(lead_id: str, signal_id: str, at: datetime, signal_type: str, data: dict[str, Any]) -> store.IntentSignal:
    return store.IntentSignal(
        pk=f"LEAD#{lead_id}",
        sk=f"SIG#{signal_id}",
        id=signal_id,
        lead_id=lead_id,
        signal_type=signal_type,
        signal_data=data,
        created_at=clock.stamp(at),
    )


def _keep_signal(signal: store.IntentSignal, impact: float | None) -> Record | None:
    """Writes the signal and the scores it makes, or finds that it is on file; None when there is no lead.

    A signal of a lead that was merged into another stays under the lead it came by, and counts for both.
    """
    for _ in TURNS:
        line, scoring = line_of(signal.lead_id)
        if not line:
            return None
        signal.score_impact = scoring.types[signal.signal_type].impact if impact is None else impact
        scored(line, signal, scoring)
        try:
            if written(partial(store.record_signal, line, signal), signal.lead_id):
                return signal.record()
        except table.AlreadyThere:
            known = store.find_signal(signal.lead_id, signal.id)
            return None if known is None else known.record()
    raise crowded_out(signal.lead_id)
