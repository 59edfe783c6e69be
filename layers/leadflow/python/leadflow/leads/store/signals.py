"""Where the signals of leads are kept."""

from __future__ import annotations

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


def record_signal(lead: Lead, signal: IntentSignal) -> None:
    """Writes a new signal and the lead whose score it changed, both or neither.

    Raises table.AlreadyThere when the signal is on file, table.Stale when the lead has changed or gone since, or
    table.TransactionRefused when others were in the way.
    """
    lead.touch()
    lead.place()
    signal.touch()

    def add(writes: TransactWrite) -> None:
        writes.save(signal, condition=IntentSignal.pk.does_not_exist())
        writes.save(lead)

    refused = attempt(add)
    if refused is None:
        return
    if refused.failed(0):
        raise table.AlreadyThere(signal.pk) from refused
    if refused.failed(1):
        raise table.Stale(lead.pk) from refused
    raise refused


def page_of_signals(lead_id: str, *, limit: int, cursor: str | None) -> dict[str, Any]:
    return listing.children(IntentSignal, f"LEAD#{lead_id}", "SIG#", limit=limit, cursor=cursor)
