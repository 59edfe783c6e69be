"""Runs as they are asked for: written first, queued then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from leadflow.core import ids, table
from leadflow.core.errors import NotFound
from leadflow.core.table import Record
from leadflow.core.turns import Turns
from leadflow.enrichment.rules.money import micros
from leadflow.enrichment.service import queueing
from leadflow.enrichment.store import runs as store
from leadflow.leads import service as leads

if TYPE_CHECKING:
    from leadflow.enrichment.schema import EnrichRequest

_TURNS = Turns(6, longest_pause_seconds=0.5)


def enrich(lead_id: str, body: EnrichRequest) -> Record:
    """Begins a run. Raises NotFound when there is no such lead, RateLimited when it could not be queued."""
    run = begin(ids.new_id(), lead_id, body.model_dump())
    if run is None:
        raise NotFound("lead", lead_id)
    return run.record()


def begin(run_id: str, lead_id: str, wanted: dict[str, Any], cause: Sequence[str] = ()) -> store.EnrichmentRun | None:
    """The run of this id, begun now if it was not; None when there is no such lead, nothing is kept then.

    `wanted` has `sources`, `fields`, `max_cost` in USD and `force`, as a request has. It is about the part of a lead
    that has the email it is known by.
    """
    earlier = store.find_run(run_id)
    if earlier is not None:
        # If it was not queued, since who wrote it died, reconcile finds it.
        return earlier
    reached = leads.find_reached(lead_id, "email")
    if reached is None:
        return None
    run = new_run(run_id, reached[1], wanted, cause=list(cause))
    if not _written(run, reached[0]["id"]):
        return store.find_run(run_id)
    queueing.queue_runs([run])
    return run


def new_run(run_id: str, lead_id: str, wanted: dict[str, Any], **more: Any) -> store.EnrichmentRun:
    """A run that is about to be written."""
    max_cost = wanted.get("max_cost")
    return store.new_run(
        run_id,
        lead_id,
        sources=wanted.get("sources"),
        wanted=wanted.get("fields"),
        max_cost_micros=None if max_cost is None else micros(max_cost),
        force=bool(wanted.get("force")),
        **more,
    )


def get(run_id: str) -> Record:
    """Raises NotFound."""
    run = store.find_run(run_id)
    if run is None:
        raise NotFound("enrichment run", run_id)
    return run.record()


def _written(run: store.EnrichmentRun, lead_id: str) -> bool:
    """Writes a new run of a lead that is there; False when it was written before, or the lead has just gone."""
    hold = leads.hold(lead_id)
    for _ in _TURNS:
        try:
            with table.transaction() as writes:
                hold(writes)
                writes.save(run, condition=table.Item.pk.does_not_exist())
        except table.TransactionRefused as refused:
            if refused.contended:
                continue
            return False
        return True
    return False
