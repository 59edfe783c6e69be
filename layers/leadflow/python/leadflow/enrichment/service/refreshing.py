"""Enriching again what is no longer fresh: once a UTC day, where that is switched on, and within its budget."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from leadflow.core import clock, ids
from leadflow.core.table import Record
from leadflow.enrichment.rules import freshness
from leadflow.enrichment.service import jobs, people, sources
from leadflow.enrichment.store import enrichments
from leadflow.enrichment.store import runs as run_store
from leadflow.enrichment.store import sources as store


def refresh() -> int:
    """Begins the job of this day where there is none yet; gives how many were begun."""
    wanted = store.settings().refresh
    if not wanted or not wanted["enabled"]:
        return 0
    midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    job_id = ids.derived_id(midnight, "enrichment refresh", midnight.date().isoformat())
    if run_store.find_job(job_id) is not None:
        return 0
    jobs.begin(job_id, {"filter": None, "max_cost": wanted["max_cost"]}, only_stale=True)
    return 1


def stale(found: Sequence[Record], now: datetime) -> list[Record]:
    """Of these leads those about whom an active source has said something that is no longer fresh."""
    active = {one.name: one for one in store.sources() if one.is_active and one.api_key}
    items = {item.lead_id: item for item in enrichments.fields_of(lead["id"] for lead in found)}

    def is_stale(lead: Record) -> bool:
        item = items.get(lead["id"])
        asked = {} if item is None else item.asked
        identity = people.identity_of(lead, [] if item is None else [item])
        return any(
            not freshness.is_fresh(mark, frozenset(), identity, _days(active[name]), now)
            for name, mark in asked.items()
            if name in active and sources.is_for(active[name], lead, now)
        )

    return [lead for lead in found if is_stale(lead)]


def _days(source: store.EnrichmentSource) -> int | None:
    return None if source.ttl_days is None else int(source.ttl_days)
