"""Which requests a lookup at one source needs, and what their answers come to together. The same for all sources."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from leadflow.core.errors import LeadflowError, OutcomeUnknown
from leadflow.enrichment.enums import EnrichmentField, Match
from leadflow.enrichment.rules import normalising
from leadflow.enrichment.rules.answers import Answer, Found, Limits, Person, Value

PERSON, COMPANY, WEBSITE = "person", "company", "website"


@dataclass(frozen=True)
class Part:
    """What one request brought.

    verdict: `matched`, `not_found` or `ambiguous` · values: all it told, in our words · credits: what it cost.
    """

    verdict: Match
    values: Mapping[EnrichmentField, Value] = field(default_factory=dict)
    confidence: float = 1.0
    raw: Any = None
    credits: float = 0
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Company:
    """What a company can be asked for by; `confidence` is how sure it is that it is the person's."""

    domain: str | None = None
    linkedin_url: str | None = None
    name: str | None = None
    confidence: float = 1.0

    @property
    def is_known(self) -> bool:
        return bool(self.domain or self.linkedin_url or self.name)


def company_of(person: Person) -> Company:
    """A person's company by what is known beforehand: a website that was given, else the domain of a company mail."""
    given = normalising.domain(person.company_website)
    return Company(
        given or normalising.company_domain_of_email(person.email), None, normalising.text(person.company), 1.0
    )


def steps(
    wanted: Set[EnrichmentField],
    filled: Mapping[str, frozenset[EnrichmentField]],
    *,
    knows_person: bool,
    knows_company: bool,
) -> tuple[str, ...]:
    """The requests that are needed, in order.

    A person is asked for where it can be and fills something that is wanted, unless all of that is of a company
    that is known already; what the person's answer cannot hold is asked of the company, or of its website.
    """
    person_fills = filled[PERSON]
    of_company: frozenset[EnrichmentField] = frozenset().union(*(v for k, v in filled.items() if k != PERSON))
    asks_person = knows_person and bool(wanted & person_fills)
    if asks_person and knows_company and not (wanted & person_fills) - of_company:
        asks_person = False
    # Whose company is unknown can only be told its company by the person's own answer.
    if knows_person and not knows_company and wanted & of_company:
        asks_person = True
    found = [PERSON] if asks_person else []
    left = set(wanted) - person_fills if asks_person else set(wanted)
    for name in (COMPANY, WEBSITE):
        if left & filled.get(name, frozenset()) and (asks_person or knows_company):
            found.append(name)
            left -= filled[name]
    return tuple(found)


@dataclass
class Gathered:
    """The answers of one lookup so far."""

    wanted: Set[EnrichmentField]
    known: dict[EnrichmentField, Found] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)
    confidence: float | None = None
    charged: int = 0
    credits: float = 0
    limits: Limits = field(default_factory=Limits)
    cut_short: str | None = None
    verdicts: list[Match] = field(default_factory=list)

    def add(self, name: str, part: Part, at_most: float = 1.0) -> None:
        """Takes a request's answer in; `at_most` bounds the confidence of what follows from an earlier answer."""
        self.verdicts.append(part.verdict)
        self.raw[name] = part.raw
        self.limits = part.limits
        self.credits += part.credits
        self.charged += 1 if part.credits > 0 else 0
        if part.verdict != "matched":
            return
        confidence = round(min(part.confidence, at_most), 4)
        if self.confidence is None:
            self.confidence = confidence
        for one, value in part.values.items():
            self.known.setdefault(one, Found(value, confidence))

    def cut(self, error: LeadflowError, credits_at_most: float) -> None:
        """A later request failed; one of unknown outcome counts as paid."""
        self.cut_short = error.code
        wait = getattr(error, "retry_after_seconds", None)
        self.limits = Limits(self.limits.remaining, self.limits.reset_seconds, wait)
        if isinstance(error, OutcomeUnknown):
            self.charged += 1
            self.credits += credits_at_most

    def company(self, person: Person) -> Company:
        """The company to ask about: the one the person's answer named, else what was known beforehand."""
        site, page, name = (self.known.get(one) for one in ("company_website", "company_linkedin_url", "company_name"))
        told = [one for one in (site, page, name) if one is not None]
        if not told:
            return company_of(person)
        return Company(
            normalising.domain(site.value) if site else None,
            str(page.value) if page else None,
            str(name.value) if name else None,
            min(one.confidence for one in told),
        )

    def answer(self) -> Answer:
        fields = {name: found for name, found in self.known.items() if name in self.wanted}
        return Answer(
            self._outcome(fields),
            fields,
            self.confidence,
            self.raw,
            self.charged,
            self.credits,
            self.limits,
            self.cut_short,
        )

    def _outcome(self, fields: Mapping[EnrichmentField, Found]) -> Match:
        if "matched" in self.verdicts:
            return "matched" if self.wanted <= fields.keys() else "partial"
        return "ambiguous" if "ambiguous" in self.verdicts else "not_found"
