"""The worker of runs: carries a run from source to source to its end, or to the time it has to wait for.

A run is under a lease while it is worked on. Whoever finds it after its worker has died goes on with what is written:
a call that was begun is of unknown outcome and counts in full, everything else is decided anew.
"""

from __future__ import annotations

from leadflow.core import clock, effects, table
from leadflow.core.observability import logger
from leadflow.enrichment.service import carrying, finishing, queueing, settling
from leadflow.enrichment.store import runs as store


def work(run_id: str) -> None:
    """Goes on with a run. Does nothing when it is over, held by another worker, or not due yet.

    Raises RateLimited when crowded out.
    """
    run = store.find_run(run_id)
    if run is None or not is_free(run):
        return
    if not is_due(run):
        queueing.queue_runs([run])
        return
    try:
        carrying.take(run)
        works, gone = carrying.works_of([run])
        for one in works:
            _carry_on(one)
        for lost in gone:
            finishing.finish(lost, "skipped", reason="lead_gone")
    except table.Stale:
        # Another worker has it now, as a message may come twice, or its lead was erased.
        logger().info("enrichment run taken by another worker", run_id=run_id)


def is_free(run: store.EnrichmentRun) -> bool:
    """Whether there is something to do for a run that nobody is at."""
    return not run.is_over and not effects.is_held(run.lease_until, run.host_id)


def is_due(run: store.EnrichmentRun) -> bool:
    return not run.wake_at or run.wake_at <= clock.now_stamp()


def _carry_on(work: carrying.Work) -> None:
    try:
        later = work.ask_around()
    except settling.LeadGone:
        finishing.finish(work.run, "skipped", reason="lead_gone")
        return
    if later is None:
        work.end()
        return
    carrying.let_go(work.run, later)
    queueing.queue_runs([work.run])


def give_up(run_id: str, reason: str) -> None:
    """Ends a run that cannot be worked on. Raises table.Stale when somebody is at it."""
    run = store.find_run(run_id)
    if run is not None and not run.is_over and run.asking is None:
        finishing.finish(run, "failed", reason=reason)
