"""What tasks and appointments have to tell for a lead's timeline."""

from __future__ import annotations

from collections.abc import Sequence

from leadflow.activities import store
from leadflow.core import timeline
from leadflow.core.timeline import TimelineEntry


def timeline_of(lead_ids: Sequence[str], before: str | None, limit: int) -> list[TimelineEntry]:
    """Tasks and appointments of these leads by when they were made, newest first; fewer only at the end."""
    tasks = [_task(one) for lead_id in lead_ids for one in store.tasks_before(lead_id, before, limit)]
    meetings = [_appointment(one) for lead_id in lead_ids for one in store.appointments_before(lead_id, before, limit)]
    return timeline.newest_first([*tasks, *meetings], before, limit)


def _task(task: store.Task) -> TimelineEntry:
    return TimelineEntry(str(task.created_at), task.id, "task", dict(task.record()), f"Task: {task.title}")


def _appointment(one: store.Appointment) -> TimelineEntry:
    return TimelineEntry(str(one.created_at), one.id, "appointment", dict(one.record()), f"Appointment: {one.title}")
