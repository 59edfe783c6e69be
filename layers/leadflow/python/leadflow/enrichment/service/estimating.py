"""What enriching would ask and cost at most, before it is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leadflow.core import clock, conditions
from leadflow.core.table import Record
from leadflow.enrichment.enums import FIELDS, EnrichmentField
from leadflow.enrichment.rules import freshness, waterfall
from leadflow.enrichment.rules.money import usd
from leadflow.enrichment.rules.waterfall import Given
from leadflow.enrichment.service import people, sources
from leadflow.enrichment.service.sources import Ready
from leadflow.enrichment.store import enrichments
from leadflow.leads import service as leads

if TYPE_CHECKING:
    from leadflow.enrichment.schema import EstimateRequest

MOST_ROWS = 2000
_PAGE = 100
# A lead, and the ids under which its history is kept.
Known = tuple[Record, Sequence[str]]


def estimate(body: EstimateRequest) -> dict[str, Any]:
    """Raises InvalidInput naming what is wrong with the filter."""
    if body.filter is not None:
        conditions.validate(body.filter, conditions.AUDIENCE, "filter")
    ready = sources.active(list(body.sources) if body.sources else None, to_ask=False)
    total = _Total()
    is_complete = True
    for page, is_complete in _pages(body):  # noqa: B007 - the last one is what counts
        total.add(_each_once(page), ready, tuple(body.fields or FIELDS), force=body.force)
    return total.shown(is_complete)


def of_lead(lead: Record, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The same for one lead as it is given, which need not be on file.

    `wanted` has `sources`, `fields` and `force`, as a request has.
    """
    total = _Total()
    ready = sources.active(wanted.get("sources"), to_ask=False)
    parts = [part for _, parts in _each_once([lead["id"]]) for part in parts]
    total.add([(lead, parts)], ready, tuple(wanted.get("fields") or FIELDS), force=False)
    return total.shown(True)


class _Total:
    """Sums over leads."""

    def __init__(self) -> None:
        self.rows = self.fresh = self.cost = 0
        self.calls: dict[str, dict[str, int]] = {}

    def add(
        self, known: Sequence[Known], ready: Sequence[Ready], wanted: tuple[EnrichmentField, ...], *, force: bool
    ) -> None:
        """Adds a page of leads; all that is on file of them is read together."""
        found = enrichments.fields_of(part for _, parts in known for part in parts)
        fields = {item.lead_id: item for item in found}
        for lead, parts in known:
            items = [fields[part] for part in parts if part in fields]
            self._add(lead, items, ready, wanted, force=force)

    def _add(
        self,
        lead: Record,
        items: Sequence[enrichments.EnrichedFields],
        ready: Sequence[Ready],
        wanted: tuple[EnrichmentField, ...],
        *,
        force: bool,
    ) -> None:
        known = people.known_of(items)
        identity, now = people.identity_of(lead, items), clock.now()
        marks = people.marks_of(items, identity)
        ready = [one for one in ready if one.is_for(lead, now)]
        person = people.person_of(lead, known)
        self.rows += 1
        usable: dict[EnrichmentField, Given] = {}
        by_name = {one.source.name: one for one in ready if one.provider.can_ask(person)}
        candidates = [sources.candidate(one, person) for one in by_name.values()]
        fillable = {name for one in ready for name in one.provider.fills}
        tried: set[str] = set()
        while True:
            lacking = waterfall.missing([name for name in wanted if name in fillable], usable)
            step = waterfall.next_step(candidates, tried, lacking)
            if step is None:
                return
            name = step.candidate.name
            tried.add(name)
            ttl_days = by_name[name].ttl_days
            if not force and freshness.is_fresh(marks.get(name), step.fields, identity, ttl_days, now):
                self.fresh += 1
                usable.update({field: value for field, value in known.items() if value.source == name})
            else:
                self._count(step)

    def _count(self, step: waterfall.Step) -> None:
        call = self.calls.setdefault(step.candidate.name, {"leads": 0, "requests": 0, "cost": 0})
        call["leads"] += 1
        call["requests"] += step.candidate.requests(step.fields)
        call["cost"] += step.price
        self.cost += step.price

    def shown(self, is_complete: bool) -> dict[str, Any]:
        calls = [
            {"source": name, "leads": one["leads"], "requests": one["requests"], "max_cost": usd(one["cost"])}
            for name, one in sorted(self.calls.items())
        ]
        return {
            "rows": self.rows,
            "fresh": self.fresh,
            "calls": calls,
            "max_cost": usd(self.cost),
            "is_complete": is_complete,
        }


def _each_once(lead_ids: Sequence[str]) -> list[Known]:
    """Leads that are there, each once whatever ids it is known by."""
    return list({lead["id"]: (lead, parts) for lead, parts in leads.find_known(lead_ids).values()}.values())


def _pages(body: EstimateRequest) -> Iterator[tuple[list[str], bool]]:
    """Ids of leads a page at a time, and whether that is all of them."""
    if body.lead_ids is not None:
        yield body.lead_ids, True
        return
    cursor, seen = None, 0
    while True:
        page = leads.page(limit=_PAGE, cursor=cursor)
        seen, cursor = seen + len(page["items"]), page["next_cursor"]
        fitting = [one["id"] for one in page["items"] if conditions.evaluate(body.filter, {"lead": one}, clock.now())]
        yield fitting, cursor is None
        if cursor is None or seen >= MOST_ROWS:
            return
