"""Sources: how they are set up, shown with how they are being used, and made ready to be asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from leadflow.core import clock, conditions, seams, secrets, table
from leadflow.core.errors import InvalidInput, NotFound, PreconditionFailed, RateLimited
from leadflow.core.keeping import kept_for
from leadflow.core.observability import counted
from leadflow.core.table import Record
from leadflow.core.turns import Turns
from leadflow.enrichment.enums import NEWEST_GENERATION, SOURCES
from leadflow.enrichment.rules import Answer, Person
from leadflow.enrichment.rules.money import micros, usd
from leadflow.enrichment.rules.waterfall import Candidate
from leadflow.enrichment.store import sources as store

if TYPE_CHECKING:
    from leadflow.enrichment.providers.contract import EnrichmentProvider
    from leadflow.enrichment.schema import EnrichmentSourceWrite

# How long a decrypted key stays in memory: a warm worker asks KMS once for all calls of that time.
_KEY_KEPT = timedelta(minutes=5)
_TURNS = Turns(6, longest_pause_seconds=0.5)
_FORAGER_ACCOUNT = re.compile(r"[0-9]{1,15}")
_UNHEALTHY = ("failing", "credentials_refused", "quota_exhausted")


def put(name: str, body: EnrichmentSourceWrite, if_match: int | None) -> Record:
    """Sets a source up; its key and account stay when they are not given.

    Raises NotFound for a name that is no source's, InvalidInput for a condition, a generation or an account that does
    not fit, PreconditionFailed, RateLimited when crowded out.
    """
    _check_name(name)
    _check_fits(name, body)
    fields = body.model_dump(exclude={"api_key", "account_id"})
    for money in ("cost_per_request", "cost_per_credit", "daily_budget"):
        fields[money] = None if fields[money] is None else micros(fields[money])
    for _ in _TURNS:
        found = store.find_source(name)
        if if_match is not None and if_match != (0 if found is None else found.v):
            raise PreconditionFailed(f"Source {name} is at another version; read it again.")
        source = found or store.new_source(name)
        rate = source.rate_limit_per_minute
        for field, value in fields.items():
            setattr(source, field, value)
        _set_account(source, body)
        try:
            store.write(source, is_new=found is None)
        except (table.AlreadyThere, table.Stale):
            continue
        if "api_key" in body.model_fields_set:
            _amend_meter(name, _start_afresh)
        if rate != body.rate_limit_per_minute:
            _amend_meter(name, _give_times_anew)
        return _shown(source, store.meter(name), clock.now())
    raise RateLimited(f"Source {name} is being changed by many requests at once.")


def get(name: str) -> Record:
    """Raises NotFound for a name that is no source's; a source that was never set up is inactive."""
    _check_name(name)
    return _shown(store.find_source(name) or store.new_source(name), store.meter(name), clock.now())


def page(limit: int, cursor: str | None) -> dict[str, Any]:
    """All three sources, by priority, those that were never set up last."""
    from leadflow.core import listing

    known, meters, now = {one.name: one for one in store.sources()}, store.meters(), clock.now()
    ordered = sorted(SOURCES, key=lambda name: (name not in known, _priority(known.get(name)), name))
    shown = [
        _shown(known.get(name) or store.new_source(name), meters.get(name) or store.meter(name), now)
        for name in ordered
    ]
    found = listing.whole([{**one, "id": one["name"]} for one in shown], limit=limit, cursor=cursor, listing="sources")
    return {**found, "items": [{k: v for k, v in one.items() if k != "id"} for one in found["items"]]}


@dataclass(frozen=True)
class Ready:
    """A source that may be asked: how it is set up, and the provider with its credentials."""

    source: store.EnrichmentSource
    provider: EnrichmentProvider

    @property
    def is_paid_by_credit(self) -> bool:
        return self.source.cost_per_credit is not None

    @property
    def unit_price(self) -> int:
        """Of a credit where it is paid by those, else of a paid request; in millionths of a USD."""
        price = self.source.cost_per_credit if self.is_paid_by_credit else self.source.cost_per_request
        return int(price or 0)

    def cost_of(self, answer: Answer) -> int:
        """What an answer has cost, by what the source says it took; that may be more than its price list says."""
        return round(self.unit_price * (answer.credits if self.is_paid_by_credit else answer.charged))

    def is_for(self, lead: Mapping[str, Any], now: datetime) -> bool:
        """Whether the source is to be asked about this lead."""
        return is_for(self.source, lead, now)

    @property
    def floor(self) -> float:
        return float(self.source.min_confidence or 0)

    @property
    def ttl_days(self) -> int | None:
        return None if self.source.ttl_days is None else int(self.source.ttl_days)


def active(wanted: list[str] | None, *, to_ask: bool) -> list[Ready]:
    """The active sources that have what it takes to ask them, of those wanted or of all.

    Unless they are `to_ask` their keys are not read: what is asked for is what they know and cost.
    """
    return ready_of(store.sources(), wanted, to_ask=to_ask)


def ready_of(found: Iterable[store.EnrichmentSource], wanted: list[str] | None, *, to_ask: bool) -> list[Ready]:
    """The same of sources that were read already."""
    return [
        Ready(one, _provider(one, _key_of(one) if to_ask else "not read"))
        for one in found
        if _is_ready(one) and (wanted is None or one.name in wanted)
    ]


def is_for(source: store.EnrichmentSource, lead: Mapping[str, Any], now: datetime) -> bool:
    """Whether a source is to be asked about a lead, by its own condition."""
    return not source.only_if or conditions.evaluate(source.only_if, {"lead": lead}, now)


def candidate(ready: Ready, person: Person) -> Candidate:
    """A source as the waterfall sees it, for this person."""
    return Candidate(
        name=ready.source.name,
        priority=int(ready.source.priority),
        floor=ready.floor,
        unit_price=ready.unit_price,
        fills=ready.provider.fills,
        requests=partial(ready.provider.price, person),
        credits=partial(ready.provider.most_credits, person) if ready.is_paid_by_credit else None,
    )


def tell_of_stopped() -> None:
    """Tells metrics how many active sources are not asked: held because of their account, or with their budget spent.

    A budget is spent when the price of one request or credit, and so of most questions, does not fit into what is left.
    """
    used = [one for one in store.sources() if _is_ready(one)]
    if not used:
        return
    meters, now = store.meters(), clock.now()
    held = sum(_is_held_unhealthy(meters.get(one.name), now) for one in used)
    spent = sum(_has_spent(one, now) for one in used)
    if held:
        counted("StoppedSources", held)
    if spent:
        counted("SpentSources", spent)


def _is_held_unhealthy(meter: store.SourceMeter | None, now: datetime) -> bool:
    return meter is not None and _is_held(meter, now) and meter.held_for in _UNHEALTHY


def _is_held(meter: store.SourceMeter, now: datetime) -> bool:
    return meter.held_until is not None and meter.held_until > clock.stamp(now)


def _has_spent(source: store.EnrichmentSource, now: datetime) -> bool:
    if not source.daily_budget:
        # None is no limit; with nothing to spend it is stopped by whoever set that.
        return False
    price = int(source.cost_per_credit or source.cost_per_request or 0)
    committed = int(store.day_of(source.name, now.date().isoformat()).committed)
    return committed + price > int(source.daily_budget)


def _is_ready(source: store.EnrichmentSource) -> bool:
    has_account = source.name != "forager" or source.account_id is not None
    return bool(source.is_active and source.api_key) and has_account


def _provider(source: store.EnrichmentSource, key: str) -> EnrichmentProvider:
    from leadflow.enrichment import providers

    make: Callable[..., EnrichmentProvider] = seams.current().remember("enrichment providers", lambda: providers.client)
    return make(source.name, key, source.account_id, source.generation or NEWEST_GENERATION)


def _key_of(source: store.EnrichmentSource) -> str:
    """The key in the clear, kept for a while by its ciphertext, so that a new one is in force at once."""

    def decrypted() -> str:
        return secrets.decrypt(str(source.api_key), _context(source.name))

    return kept_for(_KEY_KEPT, f"enrichment key:{source.api_key}", decrypted)


def _set_account(source: store.EnrichmentSource, body: EnrichmentSourceWrite) -> None:
    if "api_key" in body.model_fields_set:
        source.api_key = None if body.api_key is None else secrets.encrypt(body.api_key, _context(source.name))
    if "account_id" in body.model_fields_set:
        source.account_id = body.account_id


def _start_afresh(meter: store.SourceMeter) -> bool:
    """What was held against the old key does not count against the new one; whether anything was."""
    if meter.held_for not in _UNHEALTHY:
        return False
    meter.held_until, meter.held_for, meter.failures = None, None, 0
    return True


def _give_times_anew(meter: store.SourceMeter) -> bool:
    """Requests that wait for times of the old rate shall not wait for them any longer; whether any may."""
    if not meter.next_at:
        return False
    meter.next_at = None
    return True


def _amend_meter(name: str, amend: Callable[[store.SourceMeter], bool]) -> None:
    for _ in _TURNS:
        meter = store.meter(name)
        if meter.v is None or not amend(meter):
            return
        try:
            table.save(meter)
        except table.Stale:
            continue
        return


def _shown(source: store.EnrichmentSource, meter: store.SourceMeter, now: datetime) -> Record:
    day = store.day_of(source.name, now.date().isoformat())
    is_held = _is_held(meter, now)
    fields: dict[str, Any] = {
        "name": source.name,
        "api_key_configured": source.api_key is not None,
        "is_ready": _is_ready(source),
        **{name: getattr(source, name) for name in ("account_id", "generation", "is_active", "priority")},
        "rate_limit_per_minute": source.rate_limit_per_minute,
        "cost_per_request": _money(source.cost_per_request),
        "cost_per_credit": _money(source.cost_per_credit),
        "daily_budget": _money(source.daily_budget),
        "min_confidence": source.min_confidence,
        "ttl_days": source.ttl_days,
        "only_if": source.only_if,
        "min_fill_rate": source.min_fill_rate,
        "spent_today": usd(int(day.committed)),
        "requests_today": int(day.requests),
        "is_healthy": not _is_held_unhealthy(meter, now),
        "held_until": meter.held_until if is_held else None,
        "held_for": meter.held_for if is_held else None,
        "last_used_at": meter.last_used_at,
        "created_at": source.created_at,
        "updated_at": source.updated_at,
    }
    return Record(fields, source.v or 0)


def _money(amount: Any) -> float | None:
    return None if amount is None else usd(int(amount))


def _priority(source: store.EnrichmentSource | None) -> int:
    return 0 if source is None else int(source.priority)


def _check_name(name: str) -> None:
    if name not in SOURCES:
        raise NotFound("enrichment source", name)


def _check_fits(name: str, body: EnrichmentSourceWrite) -> None:
    if body.only_if is not None:
        conditions.validate(body.only_if, conditions.AUDIENCE, "only_if")
    if body.generation is not None and name != "crustdata":
        raise InvalidInput("generation", "is CrustData's alone")
    if name == "forager" and body.account_id is not None and not _FORAGER_ACCOUNT.fullmatch(body.account_id):
        raise InvalidInput("account_id", "must be the number of an account at Forager, at most 15 digits")


def _context(name: str) -> Mapping[str, str]:
    return {"enrichment_source": name}
