"""Enriching leads as they come on file, where that is switched on: by the reader of changes, not in the request."""

from __future__ import annotations

from collections.abc import Iterable

from leadflow.core import clock, ids
from leadflow.core.events import DomainEvent
from leadflow.enrichment.service import requesting
from leadflow.enrichment.store import sources as store


def on_events(events: Iterable[DomainEvent]) -> None:
    """Begins a run for each lead that was created, the same one however often the event is read.

    Raises RateLimited when the queue did not take it.
    """
    created = [event for event in events if event.event_type == "lead_created" and event.lead_id]
    if not created:
        return
    wanted = store.settings().auto_enrich
    if not wanted or not wanted["enabled"]:
        return
    for event in created:
        run_id = ids.derived_id(clock.parse(event.occurred_at), "auto-enrich", event.event_id)
        requesting.begin(run_id, str(event.lead_id), wanted)
