"""What the product asks of the sources of data about people; one module each.

`Person` and `Answer` live with the rules, since rules decide over them.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Protocol

from leadflow.core.errors import LeadflowError
from leadflow.enrichment.enums import EnrichmentField
from leadflow.enrichment.rules.answers import Answer, Person


class EnrichmentProvider(Protocol):
    """A source with the credentials of one account."""

    @property
    def fills(self) -> frozenset[EnrichmentField]:
        """The fields this source can know; asking it for others alone is pointless."""

    @property
    def most_at_once(self) -> int:
        """People in one `lookup_many`; 1 where the source has no bulk form."""

    def can_ask(self, person: Person) -> bool:
        """Whether enough is known about the person, or their company, for this source to be asked anything."""

    def price(self, person: Person, fields: Set[EnrichmentField]) -> int:
        """The most paid requests that `lookup` may make for these; 0 when it would make none."""

    def most_credits(self, person: Person, fields: Set[EnrichmentField]) -> float:
        """The most credits that `lookup` may take for these, by the source's price list."""

    def lookup(self, person: Person, fields: Set[EnrichmentField]) -> Answer:
        """Asks about one person; makes only the requests that the wanted fields need. A miss is an answer.

        Raises, when nothing was learnt: RateLimited with the seconds to wait, QuotaExhausted (the credits are gone),
        CredentialsRefused (the key, or its rights), UpstreamRejected (it did not like the request),
        UpstreamUnavailable (not reached, nothing spent) and OutcomeUnknown (may have been spent). What breaks after
        a first response is told in the answer's `cut_short`. Raises ValueError when `can_ask` is false.
        """

    def shares(self, fields: Set[EnrichmentField]) -> bool:
        """Whether `lookup_many` asks for all of these that the source fills, so that bringing people together pays."""

    def shared_kind(self, person: Person, fields: Set[EnrichmentField]) -> str | None:
        """With whom a person can be asked for these in one request: those of the same kind; None for alone."""

    def lookup_many(self, people: Sequence[Person], fields: Set[EnrichmentField]) -> list[Answer | LeadflowError]:
        """Answers in the order of the people, or the errors that `lookup` would raise, each for itself.

        People are asked for together and no further request about their companies is made: what that would fill stays
        out. People of one `shared_kind` are one request, whose own errors are raised. `charged` and `credits` are each
        answer's own. Raises ValueError for more people than `most_at_once`, and for one who cannot be asked for.
        """
