"""Asking a source about a person, or about several, through the ledger: reserved before, settled after, paid once.

The run is the ledger entry. The call is written into it in one transaction with its price, in every budget it has to
fit into, right before it is made. Who dies after that leaves a call of unknown outcome: it counts in full and is not
made again. What a call cost less than was reserved goes back when it is settled.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from leadflow.core import clock, effects, ids, table
from leadflow.core.errors import (
    CredentialsRefused,
    LeadflowError,
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
from leadflow.enrichment.store.standing import Standing, standing_of

_TURNS = Turns(24, longest_pause_seconds=0.25)
# A budget that calls under way may leave something of is looked at again so soon.
_BUDGET_WAIT = timedelta(seconds=2)
# A source that is held for longer is passed over: a minute where it is broken, a quarter of an hour where it has asked
# for a pause. The times that its own rate gives are waited for however long that takes.
_PATIENCE = {"rate": timedelta(minutes=15)}
_PATIENCE_WITH_BROKEN = timedelta(minutes=1)
_LONGEST_BUSY = 60
_LONGEST_SLEEP = timedelta(minutes=15)
# So often a run takes a source's word that it is to come later.
_MOST_REFUSALS = 10
_REFUSALS = (RateLimited, CredentialsRefused, UpstreamRejected, UpstreamUnavailable, OutcomeUnknown)
_Told = TypeVar("_Told")


@dataclass(frozen=True)
class Later:
    """The source is to be asked at this time."""

    at: str
    slot: dict[str, Any] | None


@dataclass(frozen=True)
class Asked:
    """What came of it: the outcome, what it cost, and the answer where there was one.

    The outcome is one of an attempt, or `later`: the source wants to be asked again (`reason` is `alone` where that is
    to be without others), `stopped`: the job was, `inactive`: the source has been switched off. `requests` are those
    that were made for it, None for as many as were charged.
    """

    outcome: str
    reason: str | None = None
    cost: int = 0
    duration_ms: float = 0.0
    answer: Answer | None = None
    requests: int | None = None


@dataclass(frozen=True)
class Budgets:
    """What the run itself may still spend, and what the lead's day and the job may in all; None without a limit."""

    run: int | None
    lead: int | None
    job: int | None


@dataclass(frozen=True)
class Place:
    """A place at a source for one request, with what the source's day may cost; None without a limit."""

    source_budget: int | None


def ask(run: store.EnrichmentRun, ready: Ready, step: Step, person: Person, budgets: Budgets) -> Asked | Later:
    """Asks a source, or says why not or when; a call that was made is still to be settled (`run.asking` holds it).

    Raises table.Stale when the run is no longer ours.
    """
    came = reserve(run, ready, step, budgets)
    return _call(run, ready, step, person) if isinstance(came, Place) else came


def reserve(run: store.EnrichmentRun, ready: Ready, step: Step, budgets: Budgets) -> Place | Asked | Later:
    """Takes a place at the source and reserves the price of a call, or says why not, or when.

    Raises table.Stale when the run is no longer ours.
    """
    for _ in _TURNS:
        at = _standing(run, ready)
        refused = _refused(run, at, step, budgets)
        if refused is not None:
            return refused
        admitted = _admit(run, ready, at, step, budgets)
        if admitted is not None:
            return admitted
    return Later(clock.stamp(clock.now() + _BUDGET_WAIT), run.slot)


def join(run: store.EnrichmentRun, ready: Ready, step: Step, budgets: Budgets, place: Place) -> Asked | Later | None:
    """Reserves the price for a call that has its place by another run, or says why not, or when.

    Raises table.Stale when the run is no longer ours.
    """
    limits = money.Limits(place.source_budget, budgets.lead, budgets.job)
    if budgets.run is not None and step.price > budgets.run:
        return Asked("skipped_budget", "run")
    for _ in _TURNS:
        if _is_reserved(run, None, ready.source.name, step, limits):
            return None
        refused = _refused(run, _standing(run, ready), step, budgets)
        if refused is not None:
            return refused
    return Later(clock.stamp(clock.now() + _BUDGET_WAIT), run.slot)


def _standing(run: store.EnrichmentRun, ready: Ready) -> Standing:
    return standing_of(run, ready.source.name, clock.now().date().isoformat())


def _refused(run: store.EnrichmentRun, at: Standing, step: Step, budgets: Budgets) -> Asked | Later | None:
    """Why a call is not to be made, or that it may fit into a budget when calls under way are settled."""
    if at.job is not None and at.job.status == "stopped":
        return Asked("stopped", "job_stopped")
    if at.source is None or not at.source.is_active:
        return Asked("inactive")
    if _finds_too_little(at):
        return Asked("skipped_fill_rate", "job")
    if budgets.run is not None and step.price > budgets.run:
        return Asked("skipped_budget", "run")
    if at.lead_day.reserved > 0:
        # Another run asks about this person right now: what it brings need not be paid for twice.
        return Later(clock.stamp(clock.now() + _BUDGET_WAIT), run.slot)
    limited: list[tuple[str, int | None, Any]] = [
        ("source", _budget_of(at), at.day),
        ("lead", budgets.lead, at.lead_day),
        ("job", budgets.job, at.job),
    ]
    for of, limit, item in limited:
        if limit is None or item is None or item.committed + step.price <= limit:
            continue
        if item.committed - item.reserved + step.price <= limit:
            return Later(clock.stamp(clock.now() + _BUDGET_WAIT), run.slot)
        return Asked("skipped_budget", of)
    return None


def _finds_too_little(at: Standing) -> bool:
    """Whether a source has found so few for this job that asking it further is not worth its price."""
    least, so_far = None if at.source is None else at.source.min_fill_rate, at.so_far
    if least is None or so_far is None:
        return False
    return metering.finds_too_little(int(so_far.asked), int(so_far.matched) + int(so_far.partial), float(least))


def _budget_of(at: Standing) -> int | None:
    limit = None if at.source is None else at.source.daily_budget
    return None if limit is None else int(limit)


def _admit(
    run: store.EnrichmentRun, ready: Ready, at: Standing, step: Step, budgets: Budgets
) -> Place | Asked | Later | None:
    """Takes a place at the source and reserves the price; None when others were in the way."""
    name, now, item = ready.source.name, clock.now(), at.meter
    slot = run.slot["at"] if run.slot and run.slot["source"] == name else None
    rate = ready.source.rate_limit_per_minute
    admission = metering.admit(_meter(item), run.id, slot, None if rate is None else int(rate), now)
    if not admission.is_granted:
        return _passed_over(item, now) or _wait(run, item, admission)
    _put(item, admission.meter)
    item.last_used_at = clock.stamp(now)
    place = Place(_budget_of(at))
    if _is_reserved(run, item, name, step, money.Limits(place.source_budget, budgets.lead, budgets.job)):
        return place
    run.slot = None if admission.slot is None else {"source": name, "at": admission.slot}
    return None


def _is_reserved(
    run: store.EnrichmentRun, meter: source_store.SourceMeter | None, name: str, step: Step, limits: money.Limits
) -> bool:
    """Writes down the call, which is about to be made, with its price; False when that does not fit in or collided."""
    day = clock.now().date().isoformat()
    run.asking = {"source": name, "reserved": step.price, "day": day, "fields": sorted(step.fields)}
    run.phase, run.lease_until, run.slot = "begun", effects.lease_end(), None
    try:
        money.reserve(run, meter, limits)
    except (money.OverBudget, table.TransactionRefused):
        run.asking, run.phase = None, "claimed"
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


def _wait(run: store.EnrichmentRun, item: source_store.SourceMeter, admission: metering.Admission) -> Later | None:
    """Writes down the time that was given, so that nobody else gets it.

    Who waits for long looks in between whether times are given anew, since the rate was changed.
    """
    name = item.pk.removeprefix("ENRSRC#")
    _put(item, admission.meter)
    at, busy = min(str(admission.wait_until), clock.stamp(clock.now() + _LONGEST_SLEEP)), 0
    if admission.reason == "busy":
        busy = int((run.slot or {}).get("busy", 0)) + 1
        seconds = min(2**busy, _LONGEST_BUSY) * (0.5 + ids.shard(run.id, 100) / 100)
        at = clock.stamp(clock.now() + timedelta(seconds=seconds))
    elif admission.slot != (run.slot or {}).get("at"):
        try:
            source_store.write(item, is_new=item.v is None)
        except (table.AlreadyThere, table.Stale):
            return None
    return Later(at, {"source": name, "at": admission.slot, "busy": busy})


def _call(run: store.EnrichmentRun, ready: Ready, step: Step, person: Person) -> Asked:
    """The call itself; what it says about the source is written to its meter."""
    started = time.perf_counter()
    told = _told(lambda: ready.provider.lookup(person, step.fields))
    asked = _asked(run, ready, step, told)
    _note(ready.source.name, _note_of(told, run.id))
    return replace(asked, duration_ms=_since(started))


def call_together(
    runs: Sequence[store.EnrichmentRun], ready: Ready, step: Step, people: Sequence[Person]
) -> list[Asked]:
    """One call about several people, for runs that have all reserved for it, the one that has the place first.

    Who spoils it for the others, or may have, is to be asked about alone: what is refused is not paid.
    """
    started = time.perf_counter()
    told = _told(lambda: ready.provider.lookup_many(people, step.fields))
    each: Sequence[Answer | LeadflowError] = told if isinstance(told, list) else [told] * len(runs)
    came = []
    for place, (run, one) in enumerate(zip(runs, each, strict=True)):
        asked = _asked(run, ready, step, one)
        if asked.reason == UpstreamRejected.code and len(runs) > 1:
            asked = Asked("later", "alone")
        came.append(replace(asked, requests=0 if place else 1, duration_ms=_since(started)))
    _note(ready.source.name, _note_of(min(each, key=_gravity), runs[0].id))
    return came


def _told(call: Callable[[], _Told]) -> _Told | LeadflowError:
    """What a source answers, or how it failed to."""
    try:
        return call()
    except _REFUSALS as error:
        return error


def _asked(run: store.EnrichmentRun, ready: Ready, step: Step, told: Answer | LeadflowError) -> Asked:
    if isinstance(told, Answer):
        return Asked(str(told.outcome), told.cut_short, ready.cost_of(told), answer=told)
    if isinstance(told, RateLimited):
        return Asked(_deferred(run, ready.source.name), "rate")
    return Asked("failed", told.code, step.price if isinstance(told, OutcomeUnknown) else 0)


def _gravity(told: Answer | LeadflowError) -> int:
    """How much an answer says about the source itself: the least number says most."""
    graver = (RateLimited, CredentialsRefused, UpstreamUnavailable, OutcomeUnknown, Answer)
    return next((place for place, kind in enumerate(graver) if isinstance(told, kind)), len(graver))


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)


def _deferred(run: store.EnrichmentRun, name: str) -> str:
    """What it means that a source wants to be asked later: to come back, unless that was so all the time."""
    run.refusals = {**run.refusals, name: int(run.refusals.get(name, 0)) + 1}
    return "later" if run.refusals[name] <= _MOST_REFUSALS else "skipped_rate"


def _note_of(told: Answer | LeadflowError, run_id: str) -> Callable[[metering.Meter], metering.Meter]:
    """What an answer, or its failing, says about how to go on asking its source."""
    now = clock.now()
    if isinstance(told, RateLimited):
        seconds = told.retry_after_seconds
        return lambda m: metering.told_to_wait(m, run_id, seconds, now)
    if isinstance(told, CredentialsRefused):
        code = told.code
        return lambda m: metering.refused(m, run_id, code, now)
    if isinstance(told, UpstreamUnavailable | OutcomeUnknown):
        return lambda m: metering.failed(m, run_id, now)
    return _note_of_answer(told, run_id) if isinstance(told, Answer) else lambda m: metering.answered(m, run_id)


def _note_of_answer(answer: Answer, run_id: str) -> Callable[[metering.Meter], metering.Meter]:
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
