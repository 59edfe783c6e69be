"""The action enrich_lead: a run of enrichment, begun once per visit, and waited for until it is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from leadflow.core import clock, ids
from leadflow.core.errors import NotFound, UpstreamRejected
from leadflow.enrichment.service import requesting
from leadflow.workflows.service.actions import Context, Result

# Most runs are over within seconds; who waits for a source's rate says until when.
_FIRST_LOOK = timedelta(seconds=2)
_FURTHER_LOOKS = timedelta(seconds=15)
_ASKED = ("sources", "fields", "max_cost")


def run(context: Context) -> Result:
    """Begins the run of this visit, or says where it stands and what it has found and cost.

    Raises NotFound when the lead is gone, UpstreamRejected when nobody who was asked could answer, RateLimited when
    the run could not be queued.
    """
    begun = clock.parse(context.execution.started_at)
    run_id = ids.derived_id(begun, "enrich_lead", *context.effect)
    found = requesting.begin(run_id, context.lead_id, wanted_of(context), cause=context.chain)
    if found is None:
        raise NotFound("lead", context.lead_id)
    output: dict[str, Any] = {"run_id": found.id, "status": found.status, "cost": found.cost}
    if not found.is_over:
        return Result(output, wait_until=_next_look(found.wake_at, is_first=not context.so_far))
    output["fields"] = {name: one["value"] for name, one in found.fields.items()}
    output["attempts"] = [{"source": one["source"], "outcome": one["outcome"]} for one in found.attempts]
    if found.status == "failed":
        raise UpstreamRejected(f"No source could answer; see enrichment run {found.id}.")
    is_unasked = found.status == "skipped" and found.reason != "skipped_fresh"
    return Result(output, skip_reason=found.reason if is_unasked else None, lead_changed=True)


def wanted_of(context: Context) -> dict[str, Any]:
    """What the action wants to be found out, as a request has it."""
    return {name: context.node.config.get(name) for name in _ASKED}


def _next_look(wake_at: str | None, *, is_first: bool) -> datetime:
    soon = clock.now() + (_FIRST_LOOK if is_first else _FURTHER_LOOKS)
    return max(soon, clock.parse(wake_at)) if wake_at else soon
