"""What leads themselves have to tell for a timeline: what they did, how their status changed, what they merged with."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from leadflow.core import clock, timeline
from leadflow.core.timeline import TimelineEntry
from leadflow.leads import rules
from leadflow.leads.store import history as store
from leadflow.leads.store.leads import StatusChange
from leadflow.leads.store.merges import Merge
from leadflow.leads.store.signals import IntentSignal


def timeline_of(lead_ids: Sequence[str], before: str | None, limit: int) -> list[TimelineEntry]:
    """Signals, changes of status and merges of these leads, newest first, beyond a position; fewer only at the end."""
    entries = [_signal(one) for lead_id in lead_ids for one in store.signals_before(lead_id, before, limit)]
    entries += [_merge(one) for lead_id in lead_ids for one in store.merges_before(lead_id, before, limit)]
    return timeline.newest_first([*entries, *_status_changes(lead_ids, before, limit)], before, limit)


def _signal(signal: IntentSignal) -> TimelineEntry:
    title = rules.SIGNAL_TITLES.get(signal.signal_type, signal.signal_type)
    return TimelineEntry(timeline.time_of_id(signal.id), signal.id, "signal", dict(signal.record()), title)


def _merge(merge: Merge) -> TimelineEntry:
    title = f"Lead {merge.source_lead_id} was merged into this one{', which was undone' if merge.undone_at else ''}"
    return TimelineEntry(timeline.time_of_id(merge.id), merge.id, "merge", dict(merge.record()), title)


def _status_changes(lead_ids: Sequence[str], before: str | None, limit: int) -> list[TimelineEntry]:
    """Each change with how long the lead had its former status: since the change before it, or since it was added."""
    entries: list[TimelineEntry] = []
    firsts: list[StatusChange] = []
    for lead_id in lead_ids:
        # One more than asked for, as the oldest needs the one before it.
        found = store.status_changes_before(lead_id, before, limit + 1)
        entries += [_change(newer, older.at) for newer, older in pairwise(found)]
        if found and len(found) <= limit:
            firsts.append(found[-1])
    added = store.created_at(first.lead_id for first in firsts) if firsts else {}
    return [*entries, *(_change(first, added.get(first.lead_id, first.at)) for first in firsts)]


def _change(change: StatusChange, since: str) -> TimelineEntry:
    passed = clock.parse(change.at) - clock.parse(since)
    data = {
        "lead_id": change.lead_id,
        "from": change.from_status,
        "to": change.to_status,
        "at": change.at,
        "seconds_in_former_status": max(0.0, round(passed.total_seconds(), 3)),
    }
    entry_id = store.change_id(change.lead_id, store.version_of(change))
    title = f"Status changed from {change.from_status} to {change.to_status}"
    return TimelineEntry(change.at, entry_id, "status_change", data, title)
