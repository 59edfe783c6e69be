"""Runs of a job that ask about their people together, in one request, where a source has a form for that.

Every run keeps its own place in the ledger: it reserves for itself, so that its call is written in it before the
request is made, and settles its own answer. Who dies in between leaves each of them with a call of unknown outcome:
each counts in full, and nobody is asked about again. The place at the source is one, since the request is one.

A message that names several runs is only a better way to work on them: runs that are not found together, by a message
that was lost or a worker that died, are gone on with one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from leadflow.core import table
from leadflow.core.errors import RateLimited
from leadflow.core.observability import logger
from leadflow.enrichment.enums import FIELDS
from leadflow.enrichment.rules.waterfall import Step
from leadflow.enrichment.service import asking, carrying, finishing, queueing, running, settling, sources
from leadflow.enrichment.service.asking import Asked, Later, Place
from leadflow.enrichment.service.carrying import Work
from leadflow.enrichment.service.sources import Ready
from leadflow.enrichment.store import runs as store

_Chosen = list[tuple[Work, Step]]


def queue(job: store.EnrichmentJob, runs: Sequence[store.EnrichmentRun]) -> None:
    """Queues runs of a job: together where the first source to be asked takes people so. Raises RateLimited."""
    wanted = frozenset(job.wanted or FIELDS)
    ready = [one for one in sources.active(job.sources, to_ask=False) if one.provider.fills & wanted]
    first = min(ready, key=lambda one: int(one.source.priority), default=None)
    if first is not None and first.provider.shares(wanted):
        queueing.queue_together(runs)
    else:
        queueing.queue_runs(runs)


def work(run_ids: Sequence[str]) -> None:
    """Goes on with runs of one job. Does nothing for those that are over, held by another worker, or not due yet.

    Raises RateLimited when what is left to do could not be queued.
    """
    free = [run for run in store.find_runs(run_ids) if running.is_free(run)]
    due = [run for run in free if running.is_due(run)]
    queueing.queue_runs(run for run in free if not running.is_due(run))
    taken = [run for run in due if _is_done(run, partial(carrying.take, run))]
    works, gone = carrying.works_of(taken)
    for run in gone:
        _is_done(run, partial(finishing.finish, run, "skipped", reason="lead_gone"))
    _Together(works).go()


def _is_done(run: store.EnrichmentRun, do: Callable[[], None]) -> bool:
    """Does something for one run; what is in its way is not in the way of the others."""
    try:
        try:
            do()
        except settling.LeadGone:
            finishing.finish(run, "skipped", reason="lead_gone")
            return False
    except table.Stale:
        logger().info("enrichment run taken by another worker", run_id=run.id)
        return False
    except RateLimited:
        # Its lease runs out, and reconcile gives it back to the queue.
        logger().warning("enrichment run crowded out", run_id=run.id)
        return False
    return True


class _Together:
    """One call's work on several runs, all under our lease."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._going = list(works)
        self._alone: list[Work] = []
        self._waiting: list[store.EnrichmentRun] = []

    def go(self) -> None:
        """Asks sources for as many at once as they take, and leaves to themselves those who need more than that."""
        while chosen := self._chosen():
            self._ask(chosen)
        left = [one.run for one in (*self._going, *self._alone)]
        queueing.queue_runs([run for run in left if _is_done(run, partial(carrying.let_go, run))])
        if self._waiting:
            queueing.queue_together(self._waiting)

    def _chosen(self) -> _Chosen:
        """The most who can be asked about in one request; nobody when that is only one. Ends who is at the end."""
        groups: dict[tuple[str, frozenset[str], str], _Chosen] = {}
        for one in list(self._going):
            step = one.next_step()
            if step is None:
                self._going.remove(one)
                _is_done(one.run, one.end)
                continue
            kind = one.ready[step.candidate.name].provider.shared_kind(one.person, step.fields)
            if kind is not None:
                groups.setdefault((step.candidate.name, step.fields, kind), []).append((one, step))
        most = max(groups.values(), key=len, default=[])
        if len(most) < 2:
            return []
        work, step = most[0]
        return most[: work.ready[step.candidate.name].provider.most_at_once]

    def _ask(self, chosen: _Chosen) -> None:
        name = chosen[0][1].candidate.name
        ready = chosen[0][0].ready[name]
        # Who was given a time at the source goes first: it is for all of them.
        chosen.sort(key=lambda one: not (one[0].run.slot and one[0].run.slot["source"] == name))
        admitted = self._reserved(chosen, ready)
        if not admitted:
            return
        runs, people = [one.run for one, _ in admitted], [one.person for one, _ in admitted]
        came = asking.call_together(runs, ready, admitted[0][1], people)
        for (one, _), asked in zip(admitted, came, strict=True):
            self._take_in(one, ready, asked)

    def _reserved(self, chosen: _Chosen, ready: Ready) -> _Chosen:
        """Those for whom the call is reserved; the others have been seen to."""
        place: Place | None = None
        admitted: _Chosen = []
        for number, (one, step) in enumerate(chosen):
            came = self._place_for(one, step, ready, place)
            if isinstance(came, Place):
                place = came
                admitted.append((one, step))
            elif isinstance(came, Later) and place is None:
                # Nobody has a place: they wait for it together.
                self._wait([rest for rest, _ in chosen[number:]], came)
                return []
            elif isinstance(came, Later):
                self._leave(one)
                if _is_done(one.run, partial(carrying.let_go, one.run, came)):
                    queueing.queue_runs([one.run])
            elif came is not None:
                self._take_in(one, ready, came)
        return admitted

    def _place_for(self, one: Work, step: Step, ready: Ready, place: Place | None) -> Place | Asked | Later | None:
        """A place, or why there is none; None when the run is no longer ours."""
        found: list[Place | Asked | Later] = []

        def reserve() -> None:
            if place is None:
                found.append(asking.reserve(one.run, ready, step, one.budgets))
            else:
                found.append(asking.join(one.run, ready, step, one.budgets, place) or place)

        if _is_done(one.run, reserve):
            return found[0]
        self._leave(one)
        return None

    def _take_in(self, one: Work, ready: Ready, came: Asked) -> None:
        if not _is_done(one.run, partial(one.take_in, ready, came)):
            self._leave(one)
        elif came.reason == "alone":
            self._leave(one)
            self._alone.append(one)

    def _wait(self, works: Sequence[Work], later: Later) -> None:
        for number, one in enumerate(works):
            self._leave(one)
            own = Later(later.at, None if number else later.slot)
            if _is_done(one.run, partial(carrying.let_go, one.run, own)):
                self._waiting.append(one.run)

    def _leave(self, one: Work) -> None:
        self._going = [other for other in self._going if other is not one]
