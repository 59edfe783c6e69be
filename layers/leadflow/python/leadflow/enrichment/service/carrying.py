"""One call's work on one run, under its lease: what is to be asked next, and what was brought."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leadflow.core import clock, due, effects, table
from leadflow.enrichment.enums import FIELDS, EnrichmentField
from leadflow.enrichment.rules import Person, freshness, waterfall
from leadflow.enrichment.rules.waterfall import Candidate, Step
from leadflow.enrichment.service import asking, finishing, people, settling, sources
from leadflow.enrichment.service.asking import Asked, Budgets, Later
from leadflow.enrichment.service.sources import Ready
from leadflow.enrichment.store import runs as store
from leadflow.enrichment.store.enrichments import EnrichedFields, new_fields
from leadflow.enrichment.store.standing import Setup, setup_for
from leadflow.leads import service as leads


def take(run: store.EnrichmentRun) -> None:
    """Puts our lease on a run; a call that was begun is of unknown outcome then. Raises table.Stale."""
    if run.asking is not None:
        settling.settle_unknown(run)
    effects.take(run)
    run.status, run.wake_at = "running", None
    due.mark(run, store.WAITING_RUN, str(run.lease_until), run.id)
    table.save(run)


def let_go(run: store.EnrichmentRun, later: Later | None = None) -> None:
    """Gives a run back, to be gone on with at some time, or at once. Raises table.Stale."""
    run.wake_at, run.slot, run.phase = (None, None, "claimed") if later is None else (later.at, later.slot, "claimed")
    store.await_worker(run)
    table.save(run)


def works_of(runs: Sequence[store.EnrichmentRun]) -> tuple[list[Work], list[store.EnrichmentRun]]:
    """The work on runs that were taken, of one job or a single one; and those runs whose lead has gone."""
    known = leads.find_known(run.lead_id for run in runs)
    there = [run for run in runs if run.lead_id in known]
    gone = [run for run in runs if run.lead_id not in known]
    if not there:
        return [], gone
    setup = setup_for(there[0].job_id, _parts(known[run.lead_id][1] for run in there))
    ready = sources.ready_of(setup.sources, there[0].sources, to_ask=True)
    return [Work(run, *known[run.lead_id], setup, ready) for run in there], gone


def _parts(each: Iterable[Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(part for parts in each for part in parts))


class Work:
    """A run that is being worked on."""

    def __init__(
        self,
        run: store.EnrichmentRun,
        lead: table.Record,
        parts: Sequence[str],
        setup: Setup,
        ready: Sequence[Ready],
    ) -> None:
        self.run, self.lead, self.job, self.preferences = run, lead, setup.job, setup.settings
        items = [setup.fields[part] for part in parts if part in setup.fields]
        self.own: EnrichedFields = setup.fields.get(run.lead_id) or new_fields(run.lead_id)
        self.known = people.known_of(items)
        self.identity = people.identity_of(lead, items)
        self.marks = people.marks_of(items, self.identity)
        self.ready = {one.source.name: one for one in ready if one.is_for(lead, clock.now())}
        self.hold = leads.hold(lead["id"])
        done = {one["source"] for one in run.attempts}
        self.usable = {name: one for name, one in self.known.items() if one.source in done}
        self._is_stopped = False
        if self.job is not None and self.job.status == "stopped":
            self._stop()

    @property
    def person(self) -> Person:
        return people.person_of(self.lead, self.known)

    @property
    def budgets(self) -> Budgets:
        limit, spent = self.run.max_cost_micros, int(self.run.spent)
        lead, job = self.preferences.max_cost_per_lead, self.job.max_cost if self.job else None
        return Budgets(
            run=None if limit is None else int(limit) - spent,
            lead=None if lead is None else int(lead),
            job=None if job is None else int(job),
        )

    def next_step(self) -> Step | None:
        """Whom to ask next, for what; None at the end. Sources whose answers are fresh are gone through on the way."""
        while not self._is_stopped:
            tried = {one["source"] for one in self.run.attempts}
            step = waterfall.next_step(self._candidates(), tried, self._lacking())
            if step is None or not self._is_fresh(self.ready[step.candidate.name], step):
                return step
        return None

    def ask_around(self) -> Later | None:
        """Asks one source after the other; gives when to go on, None when there is nobody left to ask.

        Raises table.Stale, RateLimited, settling.LeadGone.
        """
        while (step := self.next_step()) is not None:
            ready = self.ready[step.candidate.name]
            came = asking.ask(self.run, ready, step, self.person, self.budgets)
            if isinstance(came, Later):
                return came
            self.take_in(ready, came)
        return None

    def take_in(self, ready: Ready, came: Asked) -> None:
        """Settles what came of asking. Raises table.Stale, RateLimited, settling.LeadGone."""
        if came.outcome == "stopped":
            self._stop()
        elif came.outcome == "inactive":
            # Switched off since this call began: that stops it.
            del self.ready[ready.source.name]
        elif self.run.asking is None:
            self.run.attempts = [*self.run.attempts, settling.attempt(ready.source.name, came)]
        else:
            brought = settling.settle(self.run, ready, came, self.identity, self.hold, self.own)
            self.usable = waterfall.renewed(self.usable, brought)
            self.known = waterfall.renewed(self.known, brought)

    def end(self) -> None:
        """Raises table.Stale, RateLimited."""
        outcomes = [one["outcome"] for one in self.run.attempts]
        known = {name: one for name, one in self.known.items() if name in self._wanted}
        status = waterfall.status_of(outcomes, self._lacking(), known)
        reason = self.run.reason
        if status == "skipped" and not reason:
            reason = outcomes[0] if outcomes else "nobody_to_ask"
        finishing.finish(
            self.run, status, reason=reason, known=known, lead=self.lead, policies=self.preferences.write_policy
        )

    def _stop(self) -> None:
        self._is_stopped, self.run.reason = True, "job_stopped"

    @property
    def _wanted(self) -> tuple[EnrichmentField, ...]:
        return tuple(self.run.wanted or FIELDS)

    def _candidates(self) -> list[Candidate]:
        person = self.person
        return [sources.candidate(one, person) for one in self.ready.values() if one.provider.can_ask(person)]

    def _lacking(self) -> frozenset[EnrichmentField]:
        fillable = frozenset(name for ready in self.ready.values() for name in ready.provider.fills)
        return waterfall.missing([name for name in self._wanted if name in fillable], self.usable)

    def _is_fresh(self, ready: Ready, step: Step) -> bool:
        """Whether a source's earlier answer to this question is fresh: then what it said counts, at no cost."""
        name, mark, now = ready.source.name, self.marks.get(ready.source.name), clock.now()
        if self.run.force or not mark or not freshness.is_fresh(mark, step.fields, self.identity, ready.ttl_days, now):
            return False
        self.usable.update({field: one for field, one in self.known.items() if one.source == name})
        attempt = settling.attempt(name, Asked("skipped_fresh", freshness.outcome_of(mark, step.fields)))
        self.run.attempts = [*self.run.attempts, attempt]
        return True
