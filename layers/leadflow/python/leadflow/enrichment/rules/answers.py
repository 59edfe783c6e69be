"""What a source is asked and what it answers, in our words; the same for all sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leadflow.enrichment.enums import EnrichmentField, Match

Value = str | list[str] | dict[str, str]


@dataclass(frozen=True)
class Person:
    """What is known about a person before anybody is asked; any of it may be missing."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    company: str | None = None
    company_website: str | None = None
    linkedin_url: str | None = None


@dataclass(frozen=True)
class Found:
    """A value of a field in its normal form, and how sure it is, 0..1."""

    value: Value
    confidence: float


@dataclass(frozen=True)
class Limits:
    """What a source's headers told about its limits; None where they told nothing.

    remaining: requests left in the window · reset_seconds: until the window is over · retry_after_seconds: until the
    next request makes sense.
    """

    remaining: int | None = None
    reset_seconds: int | None = None
    retry_after_seconds: int | None = None


@dataclass(frozen=True)
class Answer:
    """What one lookup brought.

    fields: only what was asked for and is known · confidence: of the person as a whole, 0..1; None on a miss · raw: the
    responses as they came, by the name of their request (`person`, `company`, …) · charged: paid requests, the
    number to multiply a price per request with; misses that the source does not charge are not counted · credits: what
    the source took for them in its own money, told by its headers or by its price list · limits: of the last response ·
    cut_short: the code of the error (`rate_limited`, `outcome_unknown`, …) that kept later requests of the same lookup
    from being answered, when earlier ones were: their answer is paid and is not lost. A request whose outcome is
    unknown is counted in `charged` and `credits`.
    """

    outcome: Match
    fields: Mapping[EnrichmentField, Found] = field(default_factory=dict)
    confidence: float | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)
    charged: int = 0
    credits: float = 0
    limits: Limits = field(default_factory=Limits)
    cut_short: str | None = None
