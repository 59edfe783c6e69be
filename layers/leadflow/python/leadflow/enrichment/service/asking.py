"""Asking one source about one person, through the ledger: reserved before, settled after, never paid for twice.

The run is the ledger entry. The call is written into it in one transaction with its price, in every budget it has to
fit into, right before it is made. Who dies after that leaves a call of unknown outcome: it counts in full and is not
made again. What a call cost less than was reserved goes back when it is settled.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from leadflow.core import clock, effects, ids, table
from leadflow.core.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    RateLimited,
    UpstreamRejected,
    UpstreamUnavailable,
)
from leadflow.core.turns import Turns
from leadflow.enrichment.rules import Answer, Person, metering
from leadflow.enrichment.rules.waterfall import Step
from leadflow.enrichment.service.sources import Ready
from leadflow.enrichment.store import money
from leadflow.enrichment.store import runs as store
from leadflow.enrichment.store import sources as source_store

_TURNS = Turns(24, longest_pause_seconds=0.25)
# A budget that calls under way may leave something of is looked at again so soon.
_BUDGET_WAIT = timedelta(seconds=2)
# A source that is held for longer is passed over: a minute where it is broken, a quarter of an hour where it has asked
# for a pause. The times that its own rate gives are waited for however long that takes.
_PATIENCE = {"rate": timedelta(minutes=15)}
_PATIENCE_WITH_BROKEN = timedelta(minutes=1)
_LONGEST_BUSY = 60
# So often a run takes a source's word that it is to come later.
_MOST_REFUSALS = 10


@dataclass(frozen=True)
class Later:
    """The source is to be asked at this time."""

    at: str
    slot: dict[str, Any] | None


@dataclass(frozen=True)
class Asked:
    """What came of it: the outcome, what it cost, and the answer where there was one.

    The outcome is one of an attempt, or `later`: the source wants to be asked again.
    """

    outcome: str
    reason: str | None = None
    cost: int = 0
    duration_ms: float = 0.0
    answer: Answer | None = None


@dataclass(frozen=True)
class Budgets:
    """What the run itself may still spend, and what the lead's day and the job may in all; None without a limit."""

    run: int | None
    lead: int | None
    job: int | None


def ask(run: store.EnrichmentRun, ready: Ready, step: Step, person: Person, budgets: Budgets) -> Asked | Later:
    """Asks a source, or says why not or when; a call that was made is still to be settled (`run.asking` holds it).

    Raises table.Stale when the run is no longer ours.
    """
    for _ in _TURNS:
        refused = _over_budget(run, ready, step, budgets)
        if refused is not None:
            return refused
        admitted = _admit(run, ready, step, budgets)
        if isinstance(admitted, Asked | Later):
            return admitted
        if admitted:
            return _call(run, ready, step, person)
    return Later(clock.stamp(clock.now() + _BUDGET_WAIT), run.slot)


def _over_budget(run: store.EnrichmentRun, ready: Ready, step: Step, budgets: Budgets) -> Asked | Later | None:
    """Why a call does not fit into a budget, or that it may when calls under way are settled."""
    if budgets.run is not None and step.price > budgets.run:
        return Asked("skipped_budget", "run")
    day = clock.now().date().isoformat()
    limited: list[tuple[str, int | None, Callable[[], Any]]] = [
        ("source", _budget_of(ready), lambda: source_store.day_of(ready.source.name, day)),
        ("lead", budgets.lead, lambda: store.lead_day(run.lead_id, day)),
        ("job", budgets.job, lambda: store.find_job(str(run.job_id))),
    ]
    for of, limit, read in limited:
        if limit is None:
            continue
        item = read()
        if item is None or item.committed + step.price <= limit:
            continue
        if item.committed - item.reserved + step.price <= limit:
            return Later(clock.stamp(clock.now() + _BUDGET_WAIT), run.slot)
        return Asked("skipped_budget", of)
    return None


def _budget_of(ready: Ready) -> int | None:
    limit = ready.source.daily_budget
    return None if limit is None else int(limit)


def _admit(run: store.EnrichmentRun, ready: Ready, step: Step, budgets: Budgets) -> Asked | Later | bool:
    """Takes a place at the source and reserves the price; False when others were in the way."""
    name, now = ready.source.name, clock.now()
    item = source_store.meter(name)
    slot = run.slot["at"] if run.slot and run.slot["source"] == name else None
    rate = ready.source.rate_limit_per_minute
    admission = metering.admit(_meter(item), run.id, slot, None if rate is None else int(rate), now)
    if not admission.is_granted:
        return _passed_over(item, now) or _wait(run, item, admission)
    _put(item, admission.meter)
    item.last_used_at = clock.stamp(now)
    run.asking = {"source": name, "reserved": step.price, "day": now.date().isoformat(), "fields": sorted(step.fields)}
    run.phase, run.lease_until, run.slot = "begun", effects.lease_end(), None
    try:
        money.reserve(run, item, money.Limits(_budget_of(ready), budgets.lead, budgets.job))
    except (money.OverBudget, table.TransactionRefused):
        run.asking, run.phase = None, "claimed"
        run.slot = None if admission.slot is None else {"source": name, "at": admission.slot}
        return False
    return True


def _passed_over(item: source_store.SourceMeter, now: datetime) -> Asked | None:
    """That a source is held too long to wait for it, if it is."""
    if not item.held_until:
        return None
    reason = str(item.held_for)
    if clock.parse(item.held_until) <= now + _PATIENCE.get(reason, _PATIENCE_WITH_BROKEN):
        return None
    return Asked("skipped_rate" if reason == "rate" else "failed", reason)


def _wait(run: store.EnrichmentRun, item: source_store.SourceMeter, admission: metering.Admission) -> Later | bool:
    """Writes down the time that was given, so that nobody else gets it."""
    name = item.pk.removeprefix("ENRSRC#")
    _put(item, admission.meter)
    at, busy = str(admission.wait_until), 0
    if admission.reason == "busy":
        busy = int((run.slot or {}).get("busy", 0)) + 1
        seconds = min(2**busy, _LONGEST_BUSY) * (0.5 + ids.shard(run.id, 100) / 100)
        at = clock.stamp(clock.now() + timedelta(seconds=seconds))
    else:
        try:
            source_store.write(item, is_new=item.v is None)
        except (table.AlreadyThere, table.Stale):
            return False
    return Later(at, {"source": name, "at": admission.slot, "busy": busy})


def _call(run: store.EnrichmentRun, ready: Ready, step: Step, person: Person) -> Asked:
    """The call itself; what it says about the source is written to its meter."""
    started = time.perf_counter()
    asked: Asked
    note: Callable[[metering.Meter], metering.Meter]
    run_id, now = run.id, clock.now
    try:
        answer = ready.provider.lookup(person, step.fields)
    except RateLimited as error:
        seconds, outcome = error.retry_after_seconds, _deferred(run, ready.source.name)
        asked, note = Asked(outcome, "rate"), lambda m: metering.told_to_wait(m, run_id, seconds, now())
    except CredentialsRefused as error:
        code = error.code
        asked, note = Asked("failed", code), lambda m: metering.refused(m, run_id, code, now())
    except UpstreamRejected as error:
        asked, note = Asked("failed", error.code), lambda m: metering.answered(m, run_id)
    except (UpstreamUnavailable, OutcomeUnknown) as error:
        cost = step.price if isinstance(error, OutcomeUnknown) else 0
        asked, note = Asked("failed", error.code, cost), lambda m: metering.failed(m, run_id, now())
    else:
        asked = Asked(str(answer.outcome), answer.cut_short, ready.cost_of(answer), answer=answer)
        note = _note_of(answer, run_id)
    _note(ready.source.name, note)
    duration = round((time.perf_counter() - started) * 1000, 1)
    return Asked(asked.outcome, asked.reason, asked.cost, duration, asked.answer)


def _deferred(run: store.EnrichmentRun, name: str) -> str:
    """What it means that a source wants to be asked later: to come back, unless that was so all the time."""
    run.refusals = {**run.refusals, name: int(run.refusals.get(name, 0)) + 1}
    return "later" if run.refusals[name] <= _MOST_REFUSALS else "skipped_rate"


def _note_of(answer: Answer, run_id: str) -> Callable[[metering.Meter], metering.Meter]:
    """What an answer says about how to go on asking its source."""
    limits, now = answer.limits, clock.now()
    if answer.cut_short in ("outcome_unknown", "upstream_unavailable"):
        return lambda m: metering.failed(m, run_id, now)
    pause = limits.retry_after_seconds
    if pause is None and limits.remaining == 0:
        pause = limits.reset_seconds
    if pause is not None:
        return lambda m: metering.told_to_wait(metering.answered(m, run_id), run_id, pause, now)
    return lambda m: metering.answered(m, run_id)


def _note(name: str, note: Callable[[metering.Meter], metering.Meter]) -> None:
    """Writes the meter after a call. Where others are in the way all the time, the place frees itself after a while."""
    for _ in _TURNS:
        item = source_store.meter(name)
        _put(item, note(_meter(item)))
        try:
            source_store.write(item, is_new=item.v is None)
        except (table.AlreadyThere, table.Stale):
            continue
        return


def _meter(item: source_store.SourceMeter) -> metering.Meter:
    return metering.Meter(item.next_at, item.held_until, item.held_for, int(item.failures), dict(item.lanes))


def _put(item: source_store.SourceMeter, meter: metering.Meter) -> None:
    item.next_at, item.held_until, item.held_for = meter.next_at, meter.held_until, meter.held_for
    item.failures, item.lanes = meter.failures, dict(meter.lanes)
