"""What runs of workflows have to tell for a lead's timeline."""

from __future__ import annotations

from collections.abc import Sequence

from leadflow.core import timeline
from leadflow.core.timeline import TimelineEntry
from leadflow.workflows import store


def timeline_of(lead_ids: Sequence[str], before: str | None, limit: int) -> list[TimelineEntry]:
    """Runs for these leads by the time of what began them, newest first, beyond a position; fewer only at the end."""
    runs = [run for lead_id in lead_ids for run in store.executions_before(lead_id, before, limit)]
    return timeline.newest_first([_entry(run) for run in runs], before, limit)


def _entry(run: store.WorkflowExecution) -> TimelineEntry:
    title = f"Workflow run by {run.trigger_type}"
    return TimelineEntry(timeline.time_of_id(run.id), run.id, "execution", dict(run.record()), title)
