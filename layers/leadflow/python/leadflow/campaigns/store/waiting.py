"""What of campaigns is overdue, and since when: that stays known however often it is woken and nothing comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from leadflow.campaigns.store import cohorts as runs
from leadflow.campaigns.store.cohorts import CampaignRun, Cohort
from leadflow.core import clock, due, table


def overdue_cohorts() -> Iterator[Cohort]:
    """Cohorts whose time is past, or whose worker died."""
    return due.unattended(Cohort, runs.COHORT)


def overdue_runs() -> Iterator[CampaignRun]:
    """Runs that no worker is at."""
    return due.overdue(CampaignRun, runs.RUN, clock.now_stamp())


def planned_for(cohort: Cohort) -> datetime | None:
    """When a cohort that waits was to begin; None for one that a worker has left, which began long ago."""
    if cohort.lease_until:
        return None
    if cohort.waits_since:
        return clock.parse(cohort.waits_since)
    overdue_at = due.due_at(cohort)
    return None if overdue_at is None else overdue_at - runs.scaled(runs.PATIENCE)


def wait_on(cohort: Cohort) -> None:
    """Lets a cohort that is about to be written wait once more, and keeps since when it has been waiting.

    That is since it was planned for, since its worker died, or since now for one that is in a worker's hands.
    """
    now = clock.now()
    since = cohort.waits_since or clock.stamp(min(planned_for(cohort) or due.due_at(cohort) or now, now))
    runs.await_time(cohort)
    cohort.waits_since = since


def wake_run(run: CampaignRun) -> None:
    """Writes that a run without a worker is announced again; `waits_since` says since when it has something to do.

    Raises table.Stale when a worker has gone on with it.
    """
    overdue_at = due.due_at(run)
    since = run.waits_since or clock.stamp(overdue_at or clock.now()) if _has_work(run) else None
    same = runs.same_turn(run)
    runs.await_worker(run)
    run.waits_since = since
    table.change(run, runs.turned(run), same, any_version=True)


def _has_work(run: CampaignRun) -> bool:
    """Whether there is more to do for a run than to see the end of its campaign."""
    gathers = run.gathers_at is not None and clock.parse(run.gathers_at) <= clock.now()
    wished = run.put_back or run.opening or run.walk_again or run.follow_late or run.reorder
    return run.task != "watch" or bool(wished) or gathers
