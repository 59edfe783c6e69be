"""Reserving and settling the price of a call: in one transaction over everything that has a budget.

Budgets are kept as what is committed, spent and reserved together, so that one condition decides however many ask at
once: of two calls for the last cent one gets it. What is reserved for calls under way is kept beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from leadflow.core import clock, table
from leadflow.core.errors import RateLimited
from leadflow.core.turns import Turns
from leadflow.enrichment.store.runs import EnrichmentJob, EnrichmentRun, JobSource, LeadDay
from leadflow.enrichment.store.sources import DAY_KEPT, SourceDay, SourceMeter

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynamodb.transactions import TransactWrite

# A day that is over settles within minutes.
_LEAD_DAY_KEPT = timedelta(days=3)
ItemT = TypeVar("ItemT", bound=table.Item)
_TURNS = Turns(24, longest_pause_seconds=0.25)


class OverBudget(Exception):
    """The price of a call does not fit; `of` says into which budget: `source`, `lead` or `job`."""

    def __init__(self, of: str) -> None:
        super().__init__(of)
        self.of = of


@dataclass(frozen=True)
class Limits:
    """Budgets that a call must fit into, in millionths of a USD; None where there is none."""

    source: int | None = None
    lead: int | None = None
    job: int | None = None


def reserve(run: EnrichmentRun, meter: SourceMeter | None, limits: Limits) -> None:
    """Writes the run with the call it is about to make, its place at the source, and the price, or nothing at all.

    `meter` is None where another run has the place at the source that the call needs. Raises OverBudget, table.Stale
    when the run is no longer ours, table.TransactionRefused when others were in the way: then the meter has to be read
    again. Another call about the person that is under way and costs something is told as OverBudget of `lead`.
    """
    asking = run.asking
    source, amount = str(asking["source"]), int(asking["reserved"])
    bounded: list[tuple[table.Item, int | None]] = [
        (_counter(SourceDay, f"ENRSRC#{source}", f"DAY#{asking['day']}"), limits.source),
        (_counter(LeadDay, f"ENR#{run.lead_id}", f"DAY#{asking['day']}"), limits.lead),
    ]
    taken = [run] if meter is None else [run, meter]
    try:
        with table.transaction() as writes:
            for item in taken:
                item.touch()
                writes.save(item)
            for item, limit in bounded:
                condition = _reaches(item, amount, limit)
                if type(item) is LeadDay:
                    condition = _is_free() if condition is None else _is_free() & condition
                writes.update(item, _committing(item, amount), condition=condition, **_ANY)
            if run.job_id:
                _commit_in_job(writes, run.job_id, amount, limits.job)
    except table.TransactionRefused as refused:
        if refused.failed(0):
            raise table.Stale(run.pk) from refused
        over = [of for place, of in enumerate(("source", "lead", "job"), start=len(taken)) if refused.failed(place)]
        if over and (meter is None or not refused.failed(1)):
            raise OverBudget(over[0]) from refused
        raise


_ANY: dict[str, Any] = {"add_version_condition": False}


def _counter(kind: type[ItemT], pk: str, sk: str) -> ItemT:
    """An item to add to, whatever version it is at; with none given PynamoDB would set the version back to 1."""
    return kind(pk=pk, sk=sk, v=0)


def _reaches(item: Any, amount: int, limit: int | None) -> Any:
    kind = type(item)
    if limit is None:
        return None
    if amount > limit:
        # Also where nothing was spent yet.
        return kind.committed < -1
    return kind.committed.does_not_exist() | (kind.committed <= limit - amount)


def _is_free() -> Any:
    """That nobody asks about the person right now; what is asked of sources that cost nothing does not show."""
    return LeadDay.reserved.does_not_exist() | (LeadDay.reserved <= 0)


def _committing(item: Any, amount: int) -> list[Any]:
    kind = type(item)
    kept = DAY_KEPT if kind is SourceDay else _LEAD_DAY_KEPT
    return [
        kind.committed.add(amount),
        kind.reserved.add(amount),
        kind.kind.set(kind),
        kind.expires_at.set(clock.epoch_seconds(clock.now() + kept)),
    ]


def _commit_in_job(writes: TransactWrite, job_id: str, amount: int, limit: int | None) -> None:
    kind = EnrichmentJob
    condition = kind.status == "running"
    if limit is not None:
        condition = condition & (kind.committed <= limit - amount)
    job = _counter(kind, f"ERJ#{job_id}", "#")
    writes.update(job, [kind.committed.add(amount), kind.reserved.add(amount)], condition=condition, **_ANY)


@dataclass(frozen=True)
class Settled:
    """What a call came to: `reserved` for it on `day`, what it `cost` of that, and its outcome for the job's count.

    `is_asked` is False where the source put it off.
    """

    source: str
    day: str
    reserved: int
    cost: int
    requests: int
    outcome: str
    fields: int = 0
    is_asked: bool = True


def settle(
    run: EnrichmentRun,
    settled: Settled,
    kept: Sequence[table.Item] = (),
    hold: Callable[[TransactWrite], None] | None = None,
) -> None:
    """Writes the run with what the call brought and cost, all or nothing; `kept` are items that go with it.

    `hold` adds conditions on which those are written. Raises table.Stale when the run is no longer ours,
    table.TransactionRefused when a condition of `hold` or a version of `kept` does not hold, RateLimited when others
    were in the way all the time.
    """
    for item in (run, *kept):
        item.touch()
    for _ in _TURNS:
        try:
            with table.transaction() as writes:
                if hold is not None:
                    hold(writes)
                writes.save(run)
                for item in kept:
                    writes.save(item, condition=table.Item.pk.does_not_exist() if item.v is None else None)
                _release(writes, run, settled)
        except table.TransactionRefused as refused:
            if refused.contended:
                continue
            if refused.failed(1 if hold else 0):
                raise table.Stale(run.pk) from refused
            raise
        return
    raise RateLimited("The budgets are being used by many runs at once.")


def _release(writes: TransactWrite, run: EnrichmentRun, settled: Settled) -> None:
    back = settled.reserved - settled.cost
    day = _counter(SourceDay, f"ENRSRC#{settled.source}", f"DAY#{settled.day}")
    lead = _counter(LeadDay, f"ENR#{run.lead_id}", f"DAY#{settled.day}")
    writes.update(
        day, [*_settling(SourceDay, back, settled.reserved), SourceDay.requests.add(settled.requests)], **_ANY
    )
    expires_at = LeadDay.expires_at.set(clock.epoch_seconds(clock.now() + _LEAD_DAY_KEPT))
    # It may have been erased meanwhile; what is written then goes with the erasure's last look.
    writes.update(lead, [*_settling(LeadDay, back, settled.reserved), LeadDay.kind.set(LeadDay), expires_at], **_ANY)
    if run.job_id:
        job = _counter(EnrichmentJob, f"ERJ#{run.job_id}", "#")
        exists = EnrichmentJob.pk.exists()
        writes.update(job, _settling(EnrichmentJob, back, settled.reserved), condition=exists, **_ANY)
        if settled.is_asked:
            writes.update(_counter(JobSource, job.pk, f"SRC#{settled.source}"), _counted(settled), **_ANY)


def _settling(kind: Any, back: int, reserved: int) -> list[Any]:
    return [kind.committed.add(-back), kind.reserved.add(-reserved)]


def _counted(settled: Settled) -> list[Any]:
    kind = JobSource
    counts = [kind.asked.add(1), kind.cost.add(settled.cost), kind.fields.add(settled.fields)]
    counts.append(getattr(kind, settled.outcome).add(1))
    expires_at = clock.epoch_seconds(clock.now() + DAY_KEPT)
    return [*counts, kind.kind.set(kind), kind.expires_at.set(expires_at)]


def finish(run: EnrichmentRun) -> None:
    """Writes a run that has ended, with its job's count. Raises table.Stale when it is no longer ours, RateLimited."""
    run.touch()
    for _ in _TURNS:
        try:
            with table.transaction() as writes:
                writes.save(run)
                if run.job_id:
                    kind = EnrichmentJob
                    job = _counter(kind, f"ERJ#{run.job_id}", "#")
                    counts = [kind.done.add(1), getattr(kind, run.status).add(1)]
                    writes.update(job, counts, condition=kind.pk.exists(), **_ANY)
        except table.TransactionRefused as refused:
            if refused.failed(0):
                raise table.Stale(run.pk) from refused
            if refused.contended:
                continue
            raise
        return
    raise RateLimited("The job is being written to by many runs at once.")
