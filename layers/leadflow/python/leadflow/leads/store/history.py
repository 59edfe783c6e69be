"""A lead's signals, changes of status and merges, from any position of its timeline on."""

from __future__ import annotations

from collections.abc import Iterable

from leadflow.core import table, timeline
from leadflow.leads.store.leads import Lead, StatusChange
from leadflow.leads.store.merges import Merge
from leadflow.leads.store.signals import IntentSignal


def signals_before(lead_id: str, before: str | None, limit: int) -> list[IntentSignal]:
    """Up to `limit` signals beyond a position, newest first."""
    after = None if before is None else f"SIG#{timeline.id_bound(before)}"
    return table.query_items(IntentSignal, f"LEAD#{lead_id}", prefix="SIG#", after=after, limit=limit)


def status_changes_before(lead_id: str, before: str | None, limit: int) -> list[StatusChange]:
    """Up to `limit` changes of status beyond a position, newest first."""
    after = None
    if before is not None:
        at, _, entry_id = before.partition("#")
        own = change_id(lead_id, "")
        after = f"STS#{at}#{timeline.within(own, entry_id).removeprefix(own)}"
    return table.query_items(StatusChange, f"LEAD#{lead_id}", prefix="STS#", after=after, limit=limit)


def merges_before(lead_id: str, before: str | None, limit: int) -> list[Merge]:
    """Up to `limit` merges into a lead beyond a position of its timeline, newest first."""
    after = None if before is None else f"MRG#{timeline.id_bound(before)}"
    return table.query_items(Merge, f"LEAD#{lead_id}", prefix="MRG#", after=after, limit=limit)


def change_id(lead_id: str, version: str) -> str:
    """What tells one change of status from everything else in a timeline."""
    return f"{lead_id}.{version}"


def version_of(change: StatusChange) -> str:
    return change.sk.rpartition("#")[2]


def created_at(lead_ids: Iterable[str]) -> dict[str, str]:
    """When these leads were added."""
    found = table.find_many(Lead, [(f"LEAD#{lead_id}", "#META") for lead_id in lead_ids])
    return {lead.id: str(lead.created_at) for lead in found}
