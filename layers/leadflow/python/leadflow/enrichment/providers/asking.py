"""One request to a source and what its refusals mean; and a lookup made of several of them."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

from leadflow.core import clock, http
from leadflow.core.errors import (
    CredentialsRefused,
    LeadflowError,
    OutcomeUnknown,
    QuotaExhausted,
    RateLimited,
    UpstreamRejected,
)
from leadflow.enrichment.enums import EnrichmentField, Source
from leadflow.enrichment.rules import planning
from leadflow.enrichment.rules.answers import Answer, Limits, Person
from leadflow.enrichment.rules.planning import Company, Part

_USUAL_WAIT_SECONDS = 60
_LONGEST_WAIT_SECONDS = 3600


@dataclass(frozen=True)
class Reply:
    """An answer that was not a refusal: 2xx, or 404; `body` is None where there is none."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def is_missing(self) -> bool:
        return self.status == 404


class Lookup(ABC):
    """What the sources have in common: which requests are needed, and how their answers are put together.

    `filled` says which fields the answer of each request holds; `title` is the name for people.
    """

    source: ClassVar[Source]
    title: ClassVar[str]
    url: ClassVar[str]
    filled: ClassVar[Mapping[str, frozenset[EnrichmentField]]]
    most_at_once = 1

    @property
    def fills(self) -> frozenset[EnrichmentField]:
        return frozenset().union(*self.filled.values())

    def can_ask(self, person: Person) -> bool:
        return self.price(person, self.fills) > 0

    def price(self, person: Person, fields: Set[EnrichmentField]) -> int:
        return len(self._steps(person, fields))

    def most_credits(self, person: Person, fields: Set[EnrichmentField]) -> float:
        return sum(self.credits_of(name, person) for name in self._steps(person, fields))

    def lookup(self, person: Person, fields: Set[EnrichmentField]) -> Answer:
        steps = self._steps(person, fields)
        if not steps:
            raise ValueError(f"{self.title} cannot be asked for this")
        gathered = planning.Gathered(fields & self.fills)
        for name in steps:
            company = gathered.company(person)
            if name != planning.PERSON and not company.is_known:
                continue
            try:
                part = self._person(person) if name == planning.PERSON else self._about(name, company)
            except LeadflowError as error:
                if not gathered.verdicts:
                    raise
                gathered.cut(error, self.credits_of(name, person))
                break
            gathered.add(name, part, company.confidence)
            if name == planning.PERSON and part.verdict != "matched":
                break
        return gathered.answer()

    def lookup_many(self, people: Sequence[Person], fields: Set[EnrichmentField]) -> list[Answer | LeadflowError]:
        """One person after the other is what a source without a bulk form can do."""
        if len(people) > self.most_at_once:
            raise ValueError(f"{self.title} takes {self.most_at_once} at once")
        return [self.lookup(person, fields) for person in people]

    def shares(self, fields: Set[EnrichmentField]) -> bool:
        wanted = fields & self.fills
        return self.most_at_once > 1 and bool(wanted) and wanted <= self.filled[planning.PERSON]

    def shared_kind(self, person: Person, fields: Set[EnrichmentField]) -> str | None:
        is_enough = self.shares(fields) and self._steps(person, fields) == (planning.PERSON,)
        return self._kind(person) if is_enough else None

    def _kind(self, _person: Person) -> str | None:
        """People of one kind are asked for in one request."""
        return planning.PERSON

    def _steps(self, person: Person, fields: Set[EnrichmentField]) -> tuple[str, ...]:
        return planning.steps(
            fields,
            self.filled,
            knows_person=self._knows(person),
            knows_company=self._can_find(planning.company_of(person)),
        )

    def _alone(self, part: Part, fields: Set[EnrichmentField]) -> Answer:
        """What the answer about one person of many comes to."""
        gathered = planning.Gathered(fields & self.fills)
        gathered.add(planning.PERSON, part)
        return gathered.answer()

    def _ask(self, method: str, path: str, headers: Mapping[str, str], **options: Any) -> Reply:
        """Raises RateLimited, QuotaExhausted, CredentialsRefused, UpstreamRejected, UpstreamUnavailable and
        OutcomeUnknown, which is also what a 2xx without the JSON it promised is: it may have been paid for."""
        client = http.provider_client(self.source, self.url)
        response = http.send(client, method, path, headers=dict(headers), **options)
        body = _json(response.content)
        if response.status_code != 404 and not response.is_success:
            raise self._refusal(response.status_code, body, response.headers)
        if body is None and response.content.strip() and response.is_success:
            raise OutcomeUnknown(f"{self.title} answered with something that is not JSON.")
        return Reply(response.status_code, body, response.headers)

    def _refusal(self, status: int, _body: Any, headers: Mapping[str, str]) -> LeadflowError:
        """What a refusal means; its words are not repeated, since sources put the person that was asked for there."""
        match status:
            case 401 | 403:
                return CredentialsRefused(f"{self.title} refuses the API key or what it is to be used for.")
            case 402:
                return QuotaExhausted(f"What was paid for at {self.title} is used up.")
            case 429:
                limits = self.limits(headers)
                wait = limits.retry_after_seconds or limits.reset_seconds or _USUAL_WAIT_SECONDS
                return RateLimited(f"{self.title} takes no more requests for now.", wait)
            case _:
                return UpstreamRejected(f"{self.title} answered {status}.")

    def limits(self, headers: Mapping[str, str]) -> Limits:
        """What the headers tell in the common form: Retry-After in seconds or as a date."""
        return Limits(retry_after_seconds=bounded_wait(_retry_after(headers.get("retry-after", ""))))

    @abstractmethod
    def credits_of(self, name: str, person: Person, /) -> float:
        """What a request costs in the source's own money, by its price list."""

    @abstractmethod
    def _knows(self, person: Person) -> bool:
        """Whether the person can be asked for."""

    @abstractmethod
    def _can_find(self, company: Company) -> bool:
        """Whether the company can be asked for."""

    @abstractmethod
    def _person(self, person: Person) -> Part:
        """Asks for the person."""

    @abstractmethod
    def _about(self, name: str, company: Company, /) -> Part:
        """Asks for the company, or for its website."""


def whole_number(value: Any) -> int | None:
    """A number that a header holds, at most 15 digits."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16 else None


def bounded_wait(seconds: float | None) -> int | None:
    """Seconds to wait, 1 to 3600: no source is believed that says to come back next year."""
    return None if seconds is None else int(min(max(1, seconds), _LONGEST_WAIT_SECONDS))


def _retry_after(value: str) -> float | None:
    seconds = whole_number(value)
    if seconds is not None or not value:
        return seconds
    try:
        moment = parsedate_to_datetime(value)
        return (moment - clock.now()).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None


def credits_told(headers: Mapping[str, str], name: str, usual: float) -> float:
    """Credits that a header says were spent, else what is usual."""
    try:
        told = float(headers.get(name, ""))
    except ValueError:
        return usual
    return told if 0 <= told < 1_000_000 else usual


def each_of_many(headers: Mapping[str, str], name: str, usual: float, found: int) -> float:
    """Credits of one person of several who were asked for together: the same for each who was found."""
    return credits_told(headers, name, usual * found) / found if found else usual


def _json(content: bytes) -> Any:
    try:
        return json.loads(content, parse_float=_finite, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None


def _finite(written: str) -> float | None:
    number = float(written)
    return number if math.isfinite(number) else None
