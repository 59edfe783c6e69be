"""The end of a run: what goes into the lead itself, the run's result, and its job's count."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from leadflow.core import clock, due
from leadflow.core.effects import Outcome
from leadflow.core.errors import InvalidInput, NotFound
from leadflow.enrichment.enums import EnrichmentField
from leadflow.enrichment.rules import writing
from leadflow.enrichment.rules.waterfall import Given
from leadflow.enrichment.rules.writing import Writing
from leadflow.enrichment.service import people
from leadflow.enrichment.store import enrichments, money
from leadflow.enrichment.store import runs as store
from leadflow.leads import service as leads


def finish(
    run: store.EnrichmentRun,
    status: str,
    *,
    reason: str | None = None,
    known: Mapping[EnrichmentField, Given] | None = None,
    lead: Mapping[str, Any] | None = None,
    policies: Mapping[str, str] | None = None,
) -> None:
    """Writes what is known into the lead, and the run as ended.

    Who dies between the two is followed by one that finds the lead written and ends the run. Raises table.Stale when
    the run is no longer ours, RateLimited when crowded out.
    """
    if lead is not None and known:
        written = write_into_lead(lead["id"], run.lead_id, known, policies or {}, tuple(run.cause))
        run.conflicts = [dict(one) for one in written.conflicts]
    run.status, run.reason, run.completed_at = status, reason, clock.now_stamp()
    run.fields = people.shown(known or {})
    run.outcome = Outcome.SKIPPED.value if status == "skipped" else Outcome.ACCEPTED.value
    run.lease_until = run.wake_at = run.slot = None
    due.clear(run)
    money.finish(run)


def write_into_lead(
    lead_id: str,
    part_id: str,
    known: Mapping[EnrichmentField, Given],
    policies: Mapping[str, str],
    cause: tuple[str, ...],
) -> Writing:
    """Decides on the lead as it is at the moment of the write, so that what a person does meanwhile stays.

    What is surely known is noted with the lead for its fit as well, whatever of it is written into its fields.
    """
    with contextlib.suppress(NotFound):
        leads.note_facts(part_id, lambda: people.sure_of(enrichments.own_fields(part_id)), cause=cause)
    decided: list[Writing] = []
    fields: list[enrichments.EnrichedFields] = []

    def decide(lead: Mapping[str, Any]) -> Mapping[str, Any]:
        fields[:] = [enrichments.own_fields(part_id)]
        decided[:] = [writing.decide(lead, known, policies, fields[0].written)]
        return decided[0].changes

    try:
        leads.fill(lead_id, decide, cause=cause)
    except InvalidInput:
        # A value that no lead may have: nothing is written, and what was found stays with the enrichment.
        return Writing(conflicts=decided[0].conflicts)
    if not decided:
        return Writing()
    if decided[0].written:
        enrichments.note_written(fields[0], dict(decided[0].written))
    return decided[0]
