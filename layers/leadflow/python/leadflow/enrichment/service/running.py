"""The worker of runs: carries a run from source to source to its end, or to the time it has to wait for.

A run is under a lease while it is worked on. Whoever finds it after its worker has died goes on with what is written:
a call that was begun is of unknown outcome and counts in full, everything else is decided anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadflow.core import clock, due, effects, table
from leadflow.core.observability import logger
from leadflow.enrichment.enums import FIELDS, EnrichmentField
from leadflow.enrichment.rules import Person, freshness, waterfall
from leadflow.enrichment.rules.waterfall import Candidate
from leadflow.enrichment.service import asking, finishing, people, queueing, settling, sources
from leadflow.enrichment.service.asking import Asked, Budgets, Later
from leadflow.enrichment.service.sources import Ready
from leadflow.enrichment.store import enrichments
from leadflow.enrichment.store import runs as store
from leadflow.enrichment.store import sources as source_store
from leadflow.leads import service as leads


def work(run_id: str) -> None:
    """Goes on with a run. Does nothing when it is over, held by another worker, or not due yet.

    Raises RateLimited when crowded out.
    """
    run = store.find_run(run_id)
    if run is None or run.is_over or effects.is_held(run.lease_until, run.host_id):
        return
    if run.wake_at and run.wake_at > clock.now_stamp():
        queueing.queue_runs([run])
        return
    try:
        if run.asking is not None:
            settling.settle_unknown(run)
        _take(run)
        _carry_on(run)
    except table.Stale:
        # Another worker has it now, as a message may come twice, or its lead was erased.
        logger().info("enrichment run taken by another worker", run_id=run_id)


def _take(run: store.EnrichmentRun) -> None:
    effects.take(run)
    run.status, run.wake_at = "running", None
    due.mark(run, store.WAITING_RUN, str(run.lease_until), run.id)
    table.save(run)


def _carry_on(run: store.EnrichmentRun) -> None:
    lead = leads.find(run.lead_id)
    if lead is None:
        finishing.finish(run, "skipped", reason="lead_gone")
        return
    job = store.find_job(run.job_id) if run.job_id else None
    work = _Work(run, lead, job)
    try:
        later = work.ask_around()
    except settling.LeadGone:
        finishing.finish(run, "skipped", reason="lead_gone")
        return
    if later is None:
        work.end()
        return
    run.wake_at, run.slot, run.phase = later.at, later.slot, "claimed"
    store.await_worker(run)
    table.save(run)
    queueing.queue_runs([run])


class _Work:
    """One call's work on one run, under its lease."""

    def __init__(self, run: store.EnrichmentRun, lead: table.Record, job: store.EnrichmentJob | None) -> None:
        self.run, self.lead, self.job = run, lead, job
        parts = leads.known_as(run.lead_id)
        self.items = enrichments.fields_of(parts)
        self.known = people.known_of(self.items)
        self.marks: Mapping[str, Any] = {name: mark for item in self.items for name, mark in item.asked.items()}
        self.identity = people.identity_of(lead)
        self.ready = {one.source.name: one for one in sources.active(run.sources, to_ask=True)}
        self.preferences = source_store.settings()
        self.hold = leads.hold(lead["id"])
        done = {one["source"] for one in run.attempts}
        self.usable = {name: one for name, one in self.known.items() if one.source in done}

    @property
    def wanted(self) -> tuple[EnrichmentField, ...]:
        return tuple(self.run.wanted or FIELDS)

    def ask_around(self) -> Later | None:
        """Asks one source after the other; gives when to go on, None when there is nobody left to ask."""
        while not self._is_stopped():
            tried = {one["source"] for one in self.run.attempts}
            step = waterfall.next_step(self._candidates(), tried, self._lacking())
            if step is None:
                break
            if not sources.is_active(step.candidate.name):
                # Switched off since this call began: that stops it.
                del self.ready[step.candidate.name]
                continue
            ready = self.ready[step.candidate.name]
            if self._is_fresh(ready, step):
                continue
            came = asking.ask(self.run, ready, step, self._person(), self._budgets())
            if isinstance(came, Later):
                return came
            self._note(ready, came)
        return None

    def end(self) -> None:
        outcomes = [one["outcome"] for one in self.run.attempts]
        known = {name: one for name, one in self.known.items() if name in self.wanted}
        status = waterfall.status_of(outcomes, self._lacking(), known)
        reason = self.run.reason
        if status == "skipped" and not reason:
            reason = outcomes[0] if outcomes else "nobody_to_ask"
        finishing.finish(
            self.run, status, reason=reason, known=known, lead=self.lead, policies=self.preferences.write_policy
        )

    def _is_stopped(self) -> bool:
        """Whether somebody has stopped its job: asked of the table before every source."""
        job = store.find_job(self.run.job_id) if self.run.job_id else None
        if job is not None and job.status == "stopped":
            self.run.reason = "job_stopped"
            return True
        return False

    def _candidates(self) -> list[Candidate]:
        person = self._person()
        return [sources.candidate(one, person) for one in self.ready.values() if one.provider.can_ask(person)]

    def _person(self) -> Person:
        return people.person_of(self.lead, self.known)

    def _lacking(self) -> frozenset[EnrichmentField]:
        fillable = frozenset(name for ready in self.ready.values() for name in ready.provider.fills)
        return waterfall.missing([name for name in self.wanted if name in fillable], self.usable)

    def _is_fresh(self, ready: Ready, step: waterfall.Step) -> bool:
        """Whether a source's earlier answer to this question is fresh: then what it said counts, at no cost."""
        name, mark = ready.source.name, self.marks.get(ready.source.name)
        if self.run.force or not freshness.is_fresh(mark, step.fields, self.identity, ready.ttl_days, clock.now()):
            return False
        self.usable.update({field: one for field, one in self.known.items() if one.source == name})
        attempt = settling.attempt(name, Asked("skipped_fresh", (mark or {}).get("outcome")))
        self.run.attempts = [*self.run.attempts, attempt]
        return True

    def _budgets(self) -> Budgets:
        limit, spent = self.run.max_cost_micros, int(self.run.spent)
        lead, job = self.preferences.max_cost_per_lead, self.job.max_cost if self.job else None
        return Budgets(
            run=None if limit is None else int(limit) - spent,
            lead=None if lead is None else int(lead),
            job=None if job is None else int(job),
        )

    def _note(self, ready: Ready, came: Asked) -> None:
        if self.run.asking is None:
            self.run.attempts = [*self.run.attempts, settling.attempt(ready.source.name, came)]
            return
        brought = settling.settle(self.run, ready, came, self.identity, self.hold)
        self.usable = waterfall.renewed(self.usable, brought)
        self.known = waterfall.renewed(self.known, brought)


def give_up(run_id: str, reason: str) -> None:
    """Ends a run that cannot be worked on. Raises table.Stale when somebody is at it."""
    run = store.find_run(run_id)
    if run is not None and not run.is_over and run.asking is None:
        finishing.finish(run, "failed", reason=reason)
