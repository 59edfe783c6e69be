"""Making two leads one, and two again.

Nothing is copied or moved: the lead that is merged keeps its item, its addresses and its history, and names the other
one, which people see from then on. What comes by an address of either goes on being kept under the lead that has the
address, so a merge can be undone at any time and each gets back what came by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from leadflow.core import ids
from leadflow.core.errors import Conflict, InvalidInput, NotFound, PreconditionFailed
from leadflow.core.table import Record
from leadflow.leads import rules, store
from leadflow.leads.rules import merging
from leadflow.leads.service import rating
from leadflow.leads.service.leads import get
from leadflow.leads.service.writing import TURNS, crowded_out, written

if TYPE_CHECKING:
    from leadflow.leads.schema import LeadMerge, LeadUnmerge


def merge(lead_id: str, body: LeadMerge, if_match: int | None) -> Record:
    """Makes another lead part of this one; asked again, gives the same merge. A dry run only says what would be.

    Raises NotFound, InvalidInput when the source is no lead or this one, PreconditionFailed when `if_match` is not the
    lead's version, Conflict when the source is part of another lead, one of them was erased or there are too many
    parts, RateLimited when crowded out.
    """
    merge_id = ids.new_id()
    for _ in TURNS:
        lead = _seen(lead_id)
        source = _source(body.source_lead_id, lead_id, lead)
        known = next((one for one in lead.merges or () if one["lead_id"] == source.id), None)
        if known is not None:
            return _told(lead, known["merge_id"], _conflicts_then(lead, source))
        if source.merged_into == lead.id:
            # Somebody asked for the very same, and was through between our two looks.
            continue
        _check_free(source, lead)
        _check_version(lead, if_match)
        scoring = rating.current()
        if not _are_current([lead, source], scoring):
            continue
        before = lead.record()
        _join(lead, source, merge_id, scoring)
        found = merging.conflicts(before, source.record(), lead.record())
        if body.dry_run:
            return _told(lead, None, found)
        source.merged_into = lead.id
        if written(partial(store.merge, lead, source, merge_id), lead.id):
            return _told(lead, merge_id, found)
    raise crowded_out(lead_id)


def unmerge(lead_id: str, body: LeadUnmerge, if_match: int | None) -> Record:
    """Undoes a merge: each lead has what it had, what people changed since, and what came by its own addresses.

    What came by neither stays with the lead that the other was merged into; an opt-out that was given since holds for
    both. Raises NotFound, PreconditionFailed when `if_match` is not the lead's version, Conflict when it was undone
    before or another merge has to be undone first, RateLimited when crowded out.
    """
    undo_id = ids.new_id()
    for _ in TURNS:
        lead = _seen(lead_id)
        merged = store.find_merge(lead.parts, body.merge_id)
        if merged is None:
            raise NotFound("merge", body.merge_id)
        if merged.undo_id == undo_id:
            # An earlier try of this very request.
            return _separated(lead, get(merged.source_lead_id), merged)
        _check_undoable(lead, merged)
        _check_version(lead, if_match)
        scoring = rating.current()
        if not _are_current([lead], scoring):
            continue
        source = _split(lead, merged, scoring)
        if source is not None and written(partial(store.unmerge, lead, source, merged, undo_id), lead.id):
            return _separated(lead, source.record(), merged)
    raise crowded_out(lead_id)


def _seen(lead_id: str) -> store.Lead:
    lead = store.find_lead(lead_id)
    if lead is not None:
        return lead
    if store.find_erasure(lead_id) is not None:
        raise Conflict(f"Lead {lead_id} was erased.")
    raise NotFound("lead", lead_id)


def _source(source_id: str, lead_id: str, lead: store.Lead) -> store.Lead:
    """The very lead that shall become part of the one that people see as `lead_id`."""
    if source_id == lead_id:
        raise InvalidInput("source_lead_id", "must be another lead: none can be merged into itself")
    if source_id == lead.id:
        raise Conflict(f"Lead {lead_id} is part of lead {source_id} already.", source_id)
    source = store.find_part(source_id)
    if source is not None:
        return source
    if store.find_erasure(source_id) is not None:
        raise Conflict(f"source_lead_id: lead {source_id} was erased.")
    raise InvalidInput("source_lead_id", f"there is no lead {source_id}")


def _check_free(source: store.Lead, lead: store.Lead) -> None:
    if source.merged_into:
        raise Conflict(f"Lead {source.id} is merged into lead {source.merged_into} already.", source.merged_into)
    if len(lead.parts) + len(source.parts) > merging.MAX_PARTS:
        raise Conflict(f"Leads {lead.id} and {source.id} come to more than {merging.MAX_PARTS} leads in one.")


def _check_version(lead: store.Lead, if_match: int | None) -> None:
    if if_match is not None and lead.v != if_match:
        raise PreconditionFailed(f"Lead {lead.id} is at another version; read it again.")


def _check_undoable(lead: store.Lead, merged: store.Merge) -> None:
    if merged.undone_at:
        raise Conflict(f"Merge {merged.id} was undone at {merged.undone_at}.")
    if merged.lead_id != lead.id:
        first = next(one for one in lead.merges or () if merged.lead_id in one["parts"])
        raise Conflict(
            f"Lead {merged.lead_id} is itself part of lead {lead.id}: undo merge {first['merge_id']} first.",
            first["merge_id"],
        )


def _are_current(leads: Sequence[store.Lead], scoring: rules.Scoring) -> bool:
    """Whether leads are scored by these settings; those that are not are brought there, for the next try."""
    if rating.is_current(leads, scoring):
        return True
    for lead in leads:
        rating.bring_up_to_date(lead.id, scoring)
    return False


def _join(lead: store.Lead, source: store.Lead, merge_id: str, scoring: rules.Scoring) -> None:
    parts = _direct_parts(lead)
    entry = {"lead_id": source.id, "merge_id": merge_id, "score": int(source.score), "parts": source.parts}
    if source.shown_facts:
        entry["facts"] = source.shown_facts
    if not lead.merges:
        lead.own_scored_at = lead.scored_at
    lead.merges = [*(lead.merges or ()), entry]
    _show(lead, parts, [*parts, source])
    _score(lead, rating.united(lead.sums, source.sums), [*parts, source], scoring)


def _split(lead: store.Lead, merged: store.Merge, scoring: rules.Scoring) -> store.Lead | None:
    """Takes the source out of the lead; gives the source as a lead of its own, None when it has gone meanwhile.

    Nothing is written yet.
    """
    parts = _direct_parts(lead)
    source = next((part for part in parts if part.id == merged.source_lead_id), None)
    if source is None:
        return None
    rest = [part for part in parts if part.id != source.id]
    opted_out = merging.opted_out_since(lead.consent, source.consent, str(merged.created_at))
    lead.merges = [one for one in lead.merges or () if one["merge_id"] != merged.id] or None
    _show(lead, parts, rest)
    source.consent = {**source.consent, **opted_out}
    _score(lead, rating.united(lead.sums, less=source.sums), rest, scoring)
    if not lead.merges:
        lead.own = lead.own_scored_at = None
    source.merged_into = None
    return source


def _show(lead: store.Lead, before: Sequence[store.Lead], after: Sequence[store.Lead]) -> None:
    own = {field: lead.own_value(field) for field in merging.FIELDS}
    parts = {part.id: part for part in after}
    within = store.find_parts(part_id for part_id in lead.parts[1:] if part_id not in parts)
    addresses = {part.own_value(field) for part in (*after, *within) for field in store.ADDRESSES}
    shown = merging.recombined(
        lead.record(), own, [part.record() for part in before], [part.record() for part in after], addresses
    )
    for field, value in shown.fields.items():
        setattr(lead, field, value)
    lead.own = shown.own or None


def _score(lead: store.Lead, sums: Mapping[str, int], parts: Sequence[store.Lead], scoring: rules.Scoring) -> None:
    """The score as of the last signal of any of them, so that it is the one it was when they are separated again."""
    moments = [moment for moment in (lead.own_scored_at, *(part.scored_at for part in parts)) if moment]
    lead.sums, lead.scored_at = sums, max(moments, default=None)
    rating.rated(lead, scoring)


def _direct_parts(lead: store.Lead) -> list[store.Lead]:
    """The leads merged into this one, in the order of the merges; what they consist of is theirs to show."""
    return store.find_parts(one["lead_id"] for one in lead.merges or ())


def _conflicts_then(lead: store.Lead, source: store.Lead) -> list[merging.Conflict]:
    """Where the two did not agree when they were merged, by what they have now."""
    earlier = []
    for part in _direct_parts(lead):
        if part.id == source.id:
            break
        earlier.append(part.record())
    own = {field: lead.own_value(field) for field in merging.FIELDS}
    before = {**lead.record(), **merging.combined(own, earlier)}
    return merging.conflicts(before, source.record(), lead.record())


def _told(lead: store.Lead, merge_id: str | None, conflicts: Sequence[merging.Conflict]) -> Record:
    told = {"merge_id": merge_id, "lead": lead.record(), "conflicts": [asdict(one) for one in conflicts]}
    return Record(told, lead.v or 0)


def _separated(lead: store.Lead, source: Record, merged: store.Merge) -> Record:
    return Record({"merge_id": merged.id, "lead": lead.record(), "source_lead": source}, lead.v or 0)
