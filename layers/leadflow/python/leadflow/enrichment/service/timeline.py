"""What enrichment has to tell for a lead's timeline; with it come the item classes that totals count."""

from __future__ import annotations

from collections.abc import Sequence

from leadflow.core import timeline
from leadflow.core.timeline import TimelineEntry
from leadflow.enrichment.store import enrichments, runs

COUNTED = runs.EnrichmentRun


def timeline_of(lead_ids: Sequence[str], before: str | None, limit: int) -> list[TimelineEntry]:
    """Enrichments of these leads, newest first, beyond a position; fewer only at the end."""
    found = [_entry(one) for lead_id in lead_ids for one in enrichments.before(lead_id, before, limit)]
    return timeline.newest_first(found, before, limit)


def _entry(one: enrichments.LeadEnrichment) -> TimelineEntry:
    # The response itself may be large; it is in the list of enrichments.
    data = {name: value for name, value in one.record().items() if not name.startswith("enrichment_data")}
    source = one.source.replace("_", " ").title()
    return TimelineEntry(timeline.time_of_id(one.id), one.id, "enrichment", data, f"Enriched by {source}")
