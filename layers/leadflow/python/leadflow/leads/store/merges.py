"""Where it is kept that a lead was merged into another, and the two writes that do and undo it."""

from __future__ import annotations

from collections.abc import Iterable

from pynamodb.attributes import UnicodeAttribute
from pynamodb.transactions import TransactWrite

from leadflow.core import clock, removal, table
from leadflow.leads.store.leads import Lead, attempt


class Merge(table.Item, discriminator="Merge"):
    """That one lead was merged into another; it stays when that is undone. Nothing of the people, but their ids.

    pk `LEAD#<lead>`  sk `MRG#<id>`  GSI2 `LEAD#<source lead>` / `MRG#<id>`

    `undo_id` names the request that undid it.
    """

    record_fields = ("id", "lead_id", "source_lead_id", "created_at", "undone_at")

    id = UnicodeAttribute()
    lead_id = UnicodeAttribute()
    source_lead_id = UnicodeAttribute()
    undone_at = UnicodeAttribute(null=True)
    undo_id = UnicodeAttribute(null=True)


def find_merge(lead_ids: Iterable[str], merge_id: str) -> Merge | None:
    """The merge of this id into one of these leads, undone or not."""
    found = table.find_many(Merge, [(f"LEAD#{lead_id}", f"MRG#{merge_id}") for lead_id in lead_ids])
    return found[0] if found else None


def merge(lead: Lead, source: Lead, merge_id: str) -> None:
    """Writes two leads that were read as one that was merged into the other, all or nothing.

    Raises table.Stale when one of them has changed or gone since, or table.TransactionRefused when others were in the
    way.
    """
    merged = Merge(pk=lead.pk, sk=f"MRG#{merge_id}", id=merge_id, lead_id=lead.id, source_lead_id=source.id)
    merged.gsi2pk, merged.gsi2sk = source.pk, merged.sk
    _write(lead, source, merged)


def unmerge(lead: Lead, source: Lead, merged: Merge, undo_id: str) -> None:
    """Writes two leads that were read as two again. Raises as `merge` does."""
    merged.undone_at, merged.undo_id = clock.now_stamp(), undo_id
    _write(lead, source, merged)


def _write(lead: Lead, source: Lead, merged: Merge) -> None:
    items = (lead, source, merged)
    for item in items:
        item.touch()
    for one in (lead, source):
        one.cause = []
        one.place()

    def change(writes: TransactWrite) -> None:
        for item in items:
            writes.save(item)

    refused = attempt(change)
    if refused is None:
        return
    if any(refused.failed(position) for position in range(len(items))):
        raise table.Stale(lead.pk) from refused
    raise refused


def merged_at_any_time_with(lead_ids: Iterable[str]) -> list[str]:
    """The ids of other leads that these were ever one with, directly or by others, also where that was undone."""
    known = list(dict.fromkeys(lead_ids))
    own = len(known)
    for lead_id in known:
        into = [pk.removeprefix("LEAD#") for pk, _ in removal.keys_about(lead_id, "MRG#")]
        of = [one.source_lead_id for one in table.query_items(Merge, f"LEAD#{lead_id}", prefix="MRG#")]
        known += [one for one in dict.fromkeys([*into, *of]) if one not in known]
    return known[own:]
