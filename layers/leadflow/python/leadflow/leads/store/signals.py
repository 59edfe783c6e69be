"""Where the signals of leads are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.transactions import TransactWrite

from leadflow.core import listing, table
from leadflow.leads.store.leads import Lead, attempt


class IntentSignal(table.Item, discriminator="IntentSignal"):
    """Something a lead did.

    pk `LEAD#<lead>`  sk `SIG#<id>`
    """

    record_fields = ("id", "lead_id", "signal_type", "signal_data", "score_impact", "created_at")

    id = UnicodeAttribute()
    lead_id = UnicodeAttribute()
    signal_type = UnicodeAttribute()
    signal_data = JSONAttribute(default=dict)
    score_impact = NumberAttribute()


def find_signal(lead_id: str, signal_id: str) -> IntentSignal | None:
    return table.find(IntentSignal, f"LEAD#{lead_id}", f"SIG#{signal_id}")


def record_signal(line: Sequence[Lead], signal: IntentSignal) -> None:
    """Writes a new signal and the leads whose score it changed (the line of `find_line`), all or nothing.

    Raises table.AlreadyThere when the signal is on file, table.Stale when a lead has changed or gone since, or
    table.TransactionRefused when others were in the way.
    """
    for lead in line:
        lead.touch()
        lead.place()
    signal.touch()

    def add(writes: TransactWrite) -> None:
        writes.save(signal, condition=IntentSignal.pk.does_not_exist())
        for lead in line:
            writes.save(lead)

    refused = attempt(add)
    if refused is None:
        return
    if refused.failed(0):
        raise table.AlreadyThere(signal.pk) from refused
    if any(refused.failed(position) for position in range(1, len(line) + 1)):
        raise table.Stale(line[-1].pk) from refused
    raise refused


def page_of_signals(lead_ids: Sequence[str], *, limit: int, cursor: str | None) -> dict[str, Any]:
    """Signals of these leads in one list, newest first; a cursor stays good when leads are added behind the first."""
    partitions = [f"LEAD#{lead_id}" for lead_id in lead_ids]
    return listing.children_of(partitions, IntentSignal, "SIG#", limit=limit, cursor=cursor)
