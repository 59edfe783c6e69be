"""Puts runs and jobs back to work that nobody is at: their message was lost, or their worker died."""

from __future__ import annotations

from collections.abc import Iterator

from leadflow.core import due, effects, table
from leadflow.enrichment.service import queueing, refreshing, sources
from leadflow.enrichment.store import runs as store


def reconcile() -> dict[str, int]:
    """Queues again what is overdue and unattended, begins the day's refreshing, tells of stopped sources; counts."""
    runs = jobs = 0
    for group in due.in_groups(_taken_up()):
        queueing.queue_runs(group)
        runs += len(group)
    for job in store.unattended_jobs():
        try:
            store.await_walker(job)
            table.save(job)
        except table.Stale:
            continue
        queueing.queue_job(job.id)
        jobs += 1
    sources.tell_of_stopped()
    return {"runs_requeued": runs, "jobs_requeued": jobs, "refreshes_begun": refreshing.refresh()}


def _taken_up() -> Iterator[store.EnrichmentRun]:
    """Runs that are overdue and that nobody is at, each of which now waits for its worker anew."""
    for run in store.unattended_runs():
        if run.is_over or effects.is_held(run.lease_until, run.host_id):
            continue
        try:
            store.await_worker(run)
            table.save(run)
        except table.Stale:
            continue
        yield run
