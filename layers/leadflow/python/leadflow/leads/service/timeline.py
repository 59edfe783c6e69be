"""The timeline of a lead: what every wing has to tell of it, merged into one list."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from leadflow.core import listing, paging, timeline
from leadflow.core.timeline import TimelineEntry
from leadflow.leads.service.leads import parts_of

# Who tells what: modules with a `timeline_of`, and the kinds of entries they have. They are loaded when asked, as
# they use this wing themselves.
_TELLERS: tuple[tuple[str, frozenset[str]], ...] = (
    ("leadflow.leads.service.history", frozenset({"signal", "status_change", "merge"})),
    ("leadflow.campaigns.service.timeline", frozenset({"email"})),
    ("leadflow.workflows.service.timeline", frozenset({"execution"})),
    ("leadflow.channels.service.timeline", frozenset({"message"})),
    ("leadflow.enrichment.service.timeline", frozenset({"enrichment"})),
    ("leadflow.activities.service.timeline", frozenset({"task", "appointment"})),
)
# A teller of several kinds is asked so many times for a page of one of them.
_ROUNDS = 4


def page(lead_id: str, *, limit: int, cursor: str | None, kind: str | None = None) -> dict[str, Any]:
    """What happened to a lead, newest first, in any pages the same list, also while things go on.

    A page of one `kind`, or of 4 MB, may be short and still have a next one. Raises NotFound, MalformedRequest for a
    cursor of another list.
    """
    parts = parts_of(lead_id)
    name = f"leads/{parts[0]}/timeline?{kind or ''}"
    before = paging.decode(cursor, name) if cursor else None
    shown, last = _gathered(parts, before, limit, kind)
    items = [_item(entry) for entry in shown]
    count = listing.fitting(items)
    if count < len(items):
        last = shown[count - 1].position
    return {
        "items": items[:count],
        "next_cursor": None if last is None else paging.encode(last, name),
    }


def _gathered(
    lead_ids: Sequence[str], before: str | None, limit: int, kind: str | None
) -> tuple[list[TimelineEntry], str | None]:
    """Up to `limit` entries, and the position looked at last when there is more beyond it."""
    shown: list[TimelineEntry] = []
    for _ in range(_ROUNDS):
        entries = _merged(lead_ids, before, limit + 1, kind)
        for entry in entries[:limit]:
            before = entry.position
            if kind in (None, entry.kind):
                shown.append(entry)
            if len(shown) == limit:
                return shown, before if entry is not entries[-1] else None
        if len(entries) <= limit:
            return shown, None
    return shown, before


def _merged(lead_ids: Sequence[str], before: str | None, limit: int, kind: str | None) -> list[TimelineEntry]:
    entries: list[TimelineEntry] = []
    for module, kinds in _TELLERS:
        if kind is None or kind in kinds:
            entries += import_module(module).timeline_of(lead_ids, before, limit)
    return timeline.newest_first(entries, before, limit)


def _item(entry: TimelineEntry) -> dict[str, Any]:
    title = entry.title or entry.kind.replace("_", " ").capitalize()
    return {"at": entry.at, "id": entry.id, "kind": entry.kind, "title": title, "data": entry.data}
