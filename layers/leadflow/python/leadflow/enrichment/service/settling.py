"""What an asked source has brought: the attempt, the record of its answer, and what is known of the lead with it.

All of it and the money are written in one transaction, on the condition that the lead is still there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from leadflow.core import clock, ids, table
from leadflow.core.errors import RateLimited
from leadflow.core.turns import Turns
from leadflow.enrichment.enums import FIELDS, EnrichmentField
from leadflow.enrichment.rules import Answer, freshness
from leadflow.enrichment.rules.money import usd
from leadflow.enrichment.rules.waterfall import Given, renewed
from leadflow.enrichment.service import people
from leadflow.enrichment.service.asking import Asked
from leadflow.enrichment.service.sources import Ready
from leadflow.enrichment.store import enrichments, money
from leadflow.enrichment.store import runs as store

if TYPE_CHECKING:
    from pynamodb.transactions import TransactWrite

_TURNS = Turns(12, longest_pause_seconds=0.25)
_FOUND = ("matched", "partial")
_ANSWERED = (*_FOUND, "not_found", "ambiguous")


class LeadGone(Exception):
    """The lead was erased while it was asked about: the money is accounted for, the answer is not kept."""


def attempt(source: str, asked: Asked) -> dict[str, Any]:
    """An attempt as a run shows it."""
    return {
        "source": source,
        "outcome": asked.outcome,
        "cost": usd(asked.cost),
        "duration_ms": asked.duration_ms,
        "reason": asked.reason,
        "at": clock.now_stamp(),
    }


def settle(
    run: store.EnrichmentRun,
    ready: Ready,
    asked: Asked,
    identity: str,
    hold: Callable[[TransactWrite], None],
    fields: enrichments.EnrichedFields,
) -> dict[EnrichmentField, Given]:
    """Ends the call that the run holds; gives what its answer brought. `fields` are those of the lead as last read.

    Raises LeadGone, table.Stale when the run is no longer ours, RateLimited when crowded out.
    """
    name = ready.source.name
    settled = settled_of(run, asked)
    asking = run.asking
    _move_on(run, name, asked)
    if asked.outcome not in _ANSWERED or asked.answer is None:
        money.settle(run, settled)
        return {}
    brought = _given(ready, asked.answer)
    enrichment_id = ids.derived_id(clock.parse(str(run.created_at)), run.id, name)
    record = _record(run, name, enrichment_id, asked.answer, brought)
    question = frozenset(asking["fields"])
    for turn in _TURNS:
        if turn:
            fields = enrichments.own_fields(run.lead_id)
        mark = freshness.marked(fields.asked.get(name), asked.outcome, question, identity, clock.now())
        fields.asked = {**fields.asked, name: mark}
        fields.known = _known(fields, brought, enrichment_id, run.id)
        try:
            money.settle(run, settled, [fields, *record], hold)
        except table.TransactionRefused as refused:
            if refused.failed(0):
                money.settle(run, settled)
                raise LeadGone from refused
            continue
        return brought
    raise RateLimited("What is known of this lead is being changed by many runs at once.")


def settle_unknown(run: store.EnrichmentRun) -> None:
    """Ends a call whose maker died: it counts in full, and its source is not asked again by this run."""
    asked = Asked("failed", "outcome_unknown", int(run.asking["reserved"]))
    settled = settled_of(run, asked)
    _move_on(run, settled.source, asked)
    money.settle(run, settled)


def settled_of(run: store.EnrichmentRun, asked: Asked) -> money.Settled:
    """What the call that the run holds has come to."""
    asking, answer = run.asking, asked.answer
    return money.Settled(
        source=str(asking["source"]),
        day=str(asking["day"]),
        reserved=int(asking["reserved"]),
        cost=asked.cost,
        requests=max(1, 0 if answer is None else answer.charged) if asked.requests is None else asked.requests,
        outcome="failed" if asked.outcome not in _ANSWERED else asked.outcome,
        fields=0 if answer is None else len(answer.fields),
        is_asked=asked.outcome != "later",
    )


def _move_on(run: store.EnrichmentRun, name: str, asked: Asked) -> None:
    run.asking, run.phase, run.spent = None, "claimed", int(run.spent) + asked.cost
    if asked.outcome != "later":
        run.attempts = [*run.attempts, attempt(name, asked)]


def _given(ready: Ready, answer: Answer) -> dict[EnrichmentField, Given]:
    now, floor, priority = clock.now_stamp(), ready.floor, int(ready.source.priority)
    return {
        name: Given(found.value, found.confidence, ready.source.name, priority, now, found.confidence >= floor)
        for name, found in answer.fields.items()
    }


def _known(
    fields: enrichments.EnrichedFields, brought: dict[EnrichmentField, Given], enrichment_id: str, run_id: str
) -> dict[str, Any]:
    best = renewed(people.known_of([fields]), brought)
    return {
        name: people.kept(one, enrichment_id, run_id) if one is brought.get(name) else fields.known[name]
        for name, one in best.items()
    }


def _record(
    run: store.EnrichmentRun, source: str, enrichment_id: str, answer: Answer, brought: dict[EnrichmentField, Given]
) -> Sequence[enrichments.LeadEnrichment]:
    """The record of an answer that found the person; none of a miss."""
    if answer.outcome not in _FOUND:
        return []
    values = {name: brought[name].value for name in FIELDS if name in brought}
    record = enrichments.new_enrichment(
        enrichment_id,
        run.lead_id,
        dict(answer.raw),
        source=source,
        run_id=run.id,
        confidence_score=answer.confidence,
        enriched_at=clock.now_stamp(),
        **values,
    )
    return [record]
