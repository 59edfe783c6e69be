"""Which source is asked next, for what, and whose answer counts: pure functions of values.

The waterfall goes by field, not by record: sources are asked in the order of their priority, each only for fields that
are still missing or that nobody knew surely enough, and none when nothing is missing that it could fill.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from leadflow.enrichment.enums import FIELDS, EnrichmentField, RunStatus

Fields = Set[EnrichmentField]
_FOUND = ("matched", "partial")
_MISSED = ("not_found", "ambiguous")


@dataclass(frozen=True)
class Candidate:
    """A source as one run sees it.

    `floor` is the confidence (0..1) below which a value does not count as known, `requests` how many paid requests
    asking for some fields takes at most, `unit_price` what one costs in millionths of a USD. With `credits`, which says
    how many of the source's credits that takes at most, it is the price of a credit instead.
    """

    name: str
    priority: int
    floor: float
    unit_price: int
    fills: frozenset[EnrichmentField]
    requests: Callable[[Fields], int]
    credits: Callable[[Fields], float] | None = None

    def price(self, fields: Fields) -> int:
        """What asking for these fields costs at most, by the source's price list."""
        return round(self.unit_price * (self.credits or self.requests)(fields))


@dataclass(frozen=True)
class Given:
    """A value that a source gave for a field. `is_sure`: its confidence reaches the source's floor."""

    value: Any
    confidence: float
    source: str
    priority: int
    at: str
    is_sure: bool


@dataclass(frozen=True)
class Step:
    """Asking one source for some fields, and what that costs at most."""

    candidate: Candidate
    fields: frozenset[EnrichmentField]
    price: int


def missing(wanted: Iterable[EnrichmentField], known: Mapping[EnrichmentField, Given]) -> frozenset[EnrichmentField]:
    """The wanted fields that nobody knows surely enough."""
    return frozenset(name for name in wanted if name not in known or not known[name].is_sure)


def next_step(candidates: Collection[Candidate], tried: Collection[str], lacking: Fields) -> Step | None:
    """The first source by priority, then by price and name, that was not tried and can fill something that lacks.

    Not one that would make no request for that, since too little is known of the person.
    """
    steps = [
        Step(one, one.fills & lacking, one.price(one.fills & lacking))
        for one in candidates
        if one.name not in tried and one.fills & lacking and one.requests(one.fills & lacking)
    ]
    return min(steps, key=lambda step: (step.candidate.priority, step.price, step.candidate.name), default=None)


def merged(
    answers: Iterable[tuple[EnrichmentField, Given]], preferred: Mapping[EnrichmentField, Given] | None = None
) -> dict[EnrichmentField, Given]:
    """The best value of each field, the same in whatever order the answers come.

    Sure values go before unsure ones, then the higher confidence counts, then the source that comes first.
    """
    best: dict[EnrichmentField, Given] = dict(preferred or {})
    for name, given in answers:
        if name not in best or _rank(given) > _rank(best[name]):
            best[name] = given
    return {name: best[name] for name in FIELDS if name in best}


def renewed(
    before: Mapping[EnrichmentField, Given], brought: Mapping[EnrichmentField, Given]
) -> dict[EnrichmentField, Given]:
    """What is known after an answer: a source's new value takes the place of its old one, whatever was surer."""
    others = {name: one for name, one in before.items() if name not in brought or brought[name].source != one.source}
    return merged(brought.items(), others)


def _rank(given: Given) -> tuple[Any, ...]:
    text = json.dumps(given.value, sort_keys=True, ensure_ascii=False)
    return (given.is_sure, given.confidence, -given.priority, given.at, given.source, text)


def status_of(outcomes: Sequence[str], lacking: Fields, known: Mapping[EnrichmentField, Given]) -> RunStatus:
    """What became of a run, by the outcomes of its attempts, what still lacks and what is known.

    matched: a source knew all it was asked for, or together they know all that was wanted · partial: something was
    found · not_found: who was asked knew nobody, or could not tell which · failed: nobody asked could answer ·
    skipped: nobody was asked.
    """
    asked = [one for one in outcomes if not one.startswith("skipped")]
    if not asked:
        return "skipped"
    if any(one in _FOUND for one in asked):
        return "matched" if "matched" in asked or (known and not lacking) else "partial"
    return "not_found" if any(one in _MISSED for one in asked) else "failed"
