"""Runs and jobs of enrichment, and the money they may spend and have spent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute

from leadflow.core import clock, due, table
from leadflow.core.effects import LedgerEntry
from leadflow.core.settings import settings

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action
    from pynamodb.transactions import TransactWrite

# Money is kept in millionths of a USD.
_MICRO = 1_000_000
WAITING_RUN, WAITING_JOB = "enrichment", "enrichment_job"
# What is queued or waits this long beyond its time has lost its message.
ATTENDED = timedelta(minutes=2)
KEPT = timedelta(days=90)
_OVER = ("matched", "partial", "not_found", "failed", "skipped")


class EnrichmentRun(LedgerEntry, discriminator="EnrichmentRun"):
    """The enrichment of one lead: what is wanted, whom it asked, what it found and cost; the ledger entry of its calls.

    pk `ERN#<id>`  sk `#`  GSI2 `LEAD#<lead>` / `ERN#<id>`  GSI3 due-index, kind `enrichment`, until it is over

    Money is in millionths of a USD. `asking` is the call under way: its source, what is reserved for it and on which
    UTC day; it is written with the reservation, before the call. `slot` is the time that a source has given this run,
    `refusals` how often one has put it off.
    """

    counts_when_gone = True
    record_fields = (
        *("id", "lead_id", "job_id", "status", "sources", "wanted", "max_cost", "force", "attempts", "fields"),
        *("conflicts", "cost", "reason", "created_at", "updated_at", "completed_at"),
    )

    id = UnicodeAttribute()
    lead_id = UnicodeAttribute()
    job_id = UnicodeAttribute(null=True)
    status = UnicodeAttribute(default="queued")
    sources = JSONAttribute(null=True)
    wanted = JSONAttribute(null=True)
    max_cost_micros = NumberAttribute(null=True)
    force = BooleanAttribute(default=False)
    attempts = JSONAttribute(default=list)
    fields = JSONAttribute(default=dict)
    conflicts = JSONAttribute(default=list)
    spent = NumberAttribute(default=0)
    asking = JSONAttribute(null=True)
    slot = JSONAttribute(null=True)
    refusals = JSONAttribute(default=dict)
    wake_at = UnicodeAttribute(null=True)
    cause = JSONAttribute(default=list)
    reason = UnicodeAttribute(null=True)
    completed_at = UnicodeAttribute(null=True)

    @property
    def is_over(self) -> bool:
        return self.status in _OVER

    @property
    def cost(self) -> float:
        return int(self.spent) / _MICRO

    @property
    def max_cost(self) -> float | None:
        return None if self.max_cost_micros is None else int(self.max_cost_micros) / _MICRO

    def counted_as(self) -> dict[str, str]:
        return {"status": self.status}


class LeadDay(table.Item, discriminator="LeadDay"):
    """What enriching a lead has cost on a UTC day, in millionths of a USD, with what is reserved.

    pk `ENR#<lead>`  sk `DAY#<day>`, kept for 3 days
    """

    committed = NumberAttribute(default=0)
    reserved = NumberAttribute(default=0)


class EnrichmentJob(table.Item, discriminator="EnrichmentJob"):
    """The enrichment of many leads: how far it has walked over them, and what became of their runs.

    pk `ERJ#<id>`  sk `#`  GSI3 due-index, kind `enrichment_job`, while it walks

    `walking` is done when every lead has its run; the job is over when every run is. Money is in millionths of a USD.
    """

    id = UnicodeAttribute()
    status = UnicodeAttribute(default="running")
    lead_ids = JSONAttribute(null=True)
    unknown_lead_ids = JSONAttribute(default=list)
    filter = JSONAttribute(null=True)
    only_stale = BooleanAttribute(default=False)
    sources = JSONAttribute(null=True)
    wanted = JSONAttribute(null=True)
    force = BooleanAttribute(default=False)
    max_cost = NumberAttribute(null=True)
    max_cost_per_lead = NumberAttribute(null=True)
    cursor = UnicodeAttribute(null=True)
    is_walked = BooleanAttribute(default=False)
    looked_at = NumberAttribute(default=0)
    total = NumberAttribute(default=0)
    done = NumberAttribute(default=0)
    matched = NumberAttribute(default=0)
    partial = NumberAttribute(default=0)
    not_found = NumberAttribute(default=0)
    failed = NumberAttribute(default=0)
    skipped = NumberAttribute(default=0)
    committed = NumberAttribute(default=0)
    reserved = NumberAttribute(default=0)
    host_id = UnicodeAttribute(null=True)
    stopped_at = UnicodeAttribute(null=True)


class JobSource(table.Item, discriminator="JobSource"):
    """What one source has done for a job.

    pk `ERJ#<job>`  sk `SRC#<source>`
    """

    asked = NumberAttribute(default=0)
    matched = NumberAttribute(default=0)
    partial = NumberAttribute(default=0)
    not_found = NumberAttribute(default=0)
    ambiguous = NumberAttribute(default=0)
    failed = NumberAttribute(default=0)
    fields = NumberAttribute(default=0)
    cost = NumberAttribute(default=0)


def new_run(run_id: str, lead_id: str, **fields: Any) -> EnrichmentRun:
    """A run that is about to be written."""
    run = EnrichmentRun(pk=f"ERN#{run_id}", sk="#", id=run_id, lead_id=lead_id, **fields)
    run.gsi2pk, run.gsi2sk = f"LEAD#{lead_id}", f"ERN#{run_id}"
    run.expires_at = clock.epoch_seconds(clock.now() + KEPT)
    await_worker(run)
    run.touch()
    return run


def await_worker(run: EnrichmentRun) -> None:
    """Puts a run that is about to be written where reconcile finds it when its message does nothing."""
    run.host_id, run.lease_until = settings().host_id or None, None
    at = max(run.wake_at or "", clock.now_stamp())
    due.mark(run, WAITING_RUN, clock.stamp(clock.parse(at) + ATTENDED), run.id)


def find_run(run_id: str) -> EnrichmentRun | None:
    return table.find(EnrichmentRun, f"ERN#{run_id}", "#")


def find_runs(run_ids: Iterable[str]) -> list[EnrichmentRun]:
    return table.find_many(EnrichmentRun, [(f"ERN#{run_id}", "#") for run_id in run_ids])


def lead_day(lead_id: str, day: str) -> LeadDay:
    return table.find(LeadDay, f"ENR#{lead_id}", f"DAY#{day}") or LeadDay(pk=f"ENR#{lead_id}", sk=f"DAY#{day}")


def new_job(job_id: str, **fields: Any) -> EnrichmentJob:
    job = EnrichmentJob(pk=f"ERJ#{job_id}", sk="#", id=job_id, **fields)
    job.expires_at = clock.epoch_seconds(clock.now() + KEPT)
    await_walker(job)
    return table.create(job)


def await_walker(job: EnrichmentJob) -> None:
    """Puts a job that is about to be written where reconcile finds it when its message does nothing."""
    job.host_id = settings().host_id or None
    due.mark(job, WAITING_JOB, clock.stamp(clock.now() + ATTENDED), job.id)


def walk_on(writes: TransactWrite, job: EnrichmentJob, cursor: str | None, *, begun: int, looked_at: int) -> None:
    """Adds to a transaction that a job's walk, as it was read, goes on to `cursor`, or ends with None.

    Only another step of the walk or a stop makes it fail, not the runs that are counted meanwhile.
    """
    kind = EnrichmentJob
    here = kind.cursor.does_not_exist() if job.cursor is None else kind.cursor == job.cursor
    condition = (kind.status == "running") & (kind.is_walked == False) & here  # noqa: E712
    actions: list[Action] = [
        kind.total.add(begun),
        kind.looked_at.add(looked_at),
        kind.updated_at.set(clock.now_stamp()),
    ]
    if cursor is None:
        actions += _walked()
    else:
        await_walker(job)
        actions += [kind.cursor.set(cursor), kind.gsi3pk.set(job.gsi3pk), kind.gsi3sk.set(job.gsi3sk)]
        actions.append(kind.host_id.set(job.host_id) if job.host_id else kind.host_id.remove())
    writes.update(kind(pk=job.pk, sk=job.sk, v=0), actions, condition=condition, add_version_condition=False)


def end_walk(job: EnrichmentJob) -> None:
    """Ends the walk of a job wherever it is. Raises table.Stale when the job has gone."""
    table.change(job, _walked(), any_version=True)


def _walked() -> list[Action]:
    return [EnrichmentJob.is_walked.set(True), EnrichmentJob.gsi3pk.remove(), EnrichmentJob.gsi3sk.remove()]


def find_job(job_id: str) -> EnrichmentJob | None:
    return table.find(EnrichmentJob, f"ERJ#{job_id}", "#")


def sources_of(job_id: str) -> list[JobSource]:
    return table.query_items(JobSource, f"ERJ#{job_id}", prefix="SRC#", newest_first=False)


def unattended_runs() -> Iterator[EnrichmentRun]:
    return due.unattended(EnrichmentRun, WAITING_RUN)


def unattended_jobs() -> Iterator[EnrichmentJob]:
    return due.unattended(EnrichmentJob, WAITING_JOB)
