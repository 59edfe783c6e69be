"""What conversations have to tell for a lead's timeline."""

from __future__ import annotations

from collections.abc import Sequence

from leadflow.channels import store
from leadflow.core import timeline
from leadflow.core.timeline import TimelineEntry


def timeline_of(lead_ids: Sequence[str], before: str | None, limit: int) -> list[TimelineEntry]:
    """Messages with these leads by when they were said, newest first, beyond a position; fewer only at the end."""
    found = [one for lead_id in lead_ids for one in store.messages_before(lead_id, before, limit)]
    return timeline.newest_first([_entry(message) for message in found], before, limit)


def _entry(message: store.Message) -> TimelineEntry:
    way = "from" if message.direction == "inbound" else "note on" if message.role == "system" else "to"
    title = f"Message {way} {message.channel}"
    return TimelineEntry(message.occurred_at, message.id, "message", dict(message.record()), title)
