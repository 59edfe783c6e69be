"""What sources have said about leads, as callers add and read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leadflow.core import clock, ids, table
from leadflow.core.errors import NotFound, RateLimited
from leadflow.core.table import Record
from leadflow.core.turns import Turns
from leadflow.enrichment.enums import FIELDS, EnrichmentField
from leadflow.enrichment.rules.waterfall import Given, renewed
from leadflow.enrichment.service import finishing, people
from leadflow.enrichment.store import enrichments as store
from leadflow.enrichment.store import sources as source_store
from leadflow.leads import service as leads

if TYPE_CHECKING:
    from leadflow.enrichment.schema import LeadEnrichmentCreate

_TURNS = Turns(12, longest_pause_seconds=0.25)


def create(lead_id: str, body: LeadEnrichmentCreate) -> Record:
    """Adds what was obtained elsewhere; it counts as an answer of its source, at no cost.

    Raises NotFound when there is no such lead, RateLimited when crowded out.
    """
    reached = leads.find_reached(lead_id, "email")
    if reached is None:
        raise NotFound("lead", lead_id)
    lead, part = reached
    enrichment_id = ids.new_id()
    fields = body.model_dump(exclude={"source", "enrichment_data", "confidence_score"})
    record = store.new_enrichment(
        enrichment_id,
        part,
        body.enrichment_data,
        source=body.source,
        confidence_score=body.confidence_score,
        enriched_at=clock.now_stamp(),
        **fields,
    )
    brought = _given(body)
    record = _kept(record, brought, lead["id"])
    known = {name: one for name, one in brought.items() if one.is_sure}
    finishing.write_into_lead(lead["id"], part, known, source_store.settings().write_policy, ())
    return record.record()


def page(lead_id: str, *, limit: int, cursor: str | None) -> dict[str, Any]:
    """A lead's enrichments, newest first, those of leads merged into it included. Raises NotFound."""
    return store.page(leads.parts_of(lead_id), limit=limit, cursor=cursor)


def _given(body: LeadEnrichmentCreate) -> dict[EnrichmentField, Given]:
    source = source_store.find_source(body.source) or source_store.new_source(body.source)
    confidence = 1.0 if body.confidence_score is None else body.confidence_score
    is_sure = confidence >= float(source.min_confidence or 0)
    now = clock.now_stamp()
    values = {name: getattr(body, name) for name in FIELDS}
    return {
        name: Given(value, confidence, body.source, int(source.priority), now, is_sure)
        for name, value in values.items()
        if value
    }


def _kept(record: store.LeadEnrichment, brought: dict[EnrichmentField, Given], lead_id: str) -> store.LeadEnrichment:
    """Writes the record with what is known by it, once per request. Raises NotFound when the lead has just gone."""
    hold = leads.hold(lead_id)
    for _ in _TURNS:
        fields = store.own_fields(record.lead_id)
        best = renewed(people.known_of([fields]), brought)
        fields.known = {
            name: people.kept(one, record.id, None) if one is brought.get(name) else fields.known[name]
            for name, one in best.items()
        }
        try:
            with table.transaction() as writes:
                hold(writes)
                for item in (record, fields):
                    item.touch()
                    writes.save(item, condition=table.Item.pk.does_not_exist() if item.v is None else None)
        except table.TransactionRefused as refused:
            if refused.failed(0):
                raise NotFound("lead", lead_id) from refused
            if refused.failed(1):
                return _earlier(record)
            continue
        return record
    raise RateLimited("What is known of this lead is being changed by many requests at once.")


def _earlier(record: store.LeadEnrichment) -> store.LeadEnrichment:
    """The record that an earlier try of the same request has written."""
    found = table.find(store.LeadEnrichment, record.pk, record.sk)
    return record if found is None else found
