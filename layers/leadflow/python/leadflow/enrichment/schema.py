"""What callers of enrichment send and get."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue, field_validator, model_validator

from leadflow.core.schema import HttpUrl, JsonObject, Line, Read, Text, Timestamp, Write, holds_nul
from leadflow.enrichment.enums import (
    LONGEST_IN_A_LIST,
    MOST_IN_A_LIST,
    SOURCES,
    AttemptOutcome,
    EnrichmentField,
    Generation,
    RunStatus,
    Source,
)

MAX_LEADS = 2000
MAX_DATA_BYTES = 1024 * 1024
Usd = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Confidence = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Policy = Literal["fill_if_empty", "always", "never"]
LeadField = Literal[
    "company",
    "custom.job_title",
    "custom.linkedin_url",
    "custom.company_website",
    "custom.company_size",
    "custom.company_industry",
]


def _once(values: list[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _for_a_header(value: str) -> str:
    if not value.isascii():
        raise ValueError("must have only characters that a header can carry")
    return value


Sources = Annotated[list[Source], Field(min_length=1, max_length=len(SOURCES)), AfterValidator(_once)]
Fields = Annotated[list[EnrichmentField], Field(min_length=1, max_length=50), AfterValidator(_once)]


class EnrichmentSourceWrite(Write):
    """How a source is used. Left out, `api_key` and `account_id` stay as they are; every other field is set.

    `priority`: lower is asked first · `rate_limit_per_minute`: requests, spread evenly; null for no limit of ours ·
    `cost_per_request` and `daily_budget` (UTC day) in USD · `cost_per_credit` in USD, for a source paid by those:
    then its price list says what a call may cost, and it says itself what it did · `min_confidence`: a value below it
    is kept but does not count as known · `ttl_days`: how long an answer is not asked for again (30 when null, at most 7
    for a miss) · `only_if`: a condition over `lead.*`; of others it is not asked · `min_fill_rate`: the least
    share of people that it has to find for a job to go on asking it, from the 50th on · `generation`: of CrustData's
    API. Forager needs an `account_id`, the number of the account there.
    """

    api_key: Annotated[Line, Field(min_length=1, max_length=1000), AfterValidator(_for_a_header)] | None = None
    account_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    generation: Generation | None = None
    is_active: bool
    priority: Annotated[int, Field(ge=0, le=1000)]
    rate_limit_per_minute: Annotated[int, Field(ge=1, le=100_000)] | None = None
    cost_per_request: Usd | None = None
    cost_per_credit: Usd | None = None
    daily_budget: Usd | None = None
    min_confidence: Confidence | None = None
    ttl_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    only_if: dict[str, JsonValue] | None = None
    min_fill_rate: Confidence | None = None


class EnrichmentSource(Read):
    """A source. `spent_today` is of the UTC day, with what is reserved for calls under way, in USD.

    `is_ready`: active, with all that it takes to ask it. `is_healthy` is false while the account is refused, its
    credits are gone or it keeps failing; `held_until` says until when it is not asked, `held_for` why: `rate`,
    `failing`, `credentials_refused`, `quota_exhausted`.
    """

    name: Source
    api_key_configured: bool
    is_ready: bool
    account_id: str | None
    generation: Generation | None
    is_active: bool
    priority: int
    rate_limit_per_minute: int | None
    cost_per_request: float | None
    cost_per_credit: float | None
    daily_budget: float | None
    min_confidence: float | None
    ttl_days: int | None
    only_if: dict[str, JsonValue] | None
    min_fill_rate: float | None
    spent_today: float
    requests_today: int
    is_healthy: bool
    held_until: Timestamp | None
    held_for: str | None
    last_used_at: Timestamp | None
    created_at: Timestamp | None
    updated_at: Timestamp | None


class EnrichRequest(Write):
    """What to find out about a lead: by which sources (all active ones), which fields (all), for how much in USD.

    `force` asks also where an earlier answer is still fresh.
    """

    sources: Sources | None = None
    fields: Fields | None = None
    max_cost: Usd | None = None
    force: bool = False


class _Selection(Write):
    """Which leads: by their ids, or by a condition over `lead.*` as audiences have it; exactly one of them."""

    lead_ids: (
        Annotated[list[Annotated[Text, Field(min_length=1, max_length=64)]], Field(min_length=1, max_length=MAX_LEADS)]
        | None
    ) = None
    filter: dict[str, JsonValue] | None = None
    sources: Sources | None = None
    fields: Fields | None = None

    @model_validator(mode="after")
    def _one_way(self) -> _Selection:
        if (self.lead_ids is None) == (self.filter is None):
            raise ValueError("needs exactly one of lead_ids and filter")
        return self


class EnrichManyRequest(_Selection):
    """Leads to enrich as one job. `max_cost` in USD bounds the whole job, `max_cost_per_lead` each of its runs."""

    max_cost: Usd
    max_cost_per_lead: Usd | None = None
    force: bool = False


class EstimateRequest(_Selection):
    """Leads and fields of which to tell what enriching them would cost at most."""

    force: bool = False


class CallsEstimate(Read):
    """How many leads a source may be asked about, how many requests that takes at most, and what they cost in USD."""

    source: Source
    leads: int
    requests: int
    max_cost: float


class Estimate(Read):
    """The most that enriching would ask and cost.

    `rows` leads were looked at; `fresh` answers of sources are on file and would not be asked for again. With
    `is_complete` false there are more leads than an estimate looks at (2,000).
    """

    rows: int
    fresh: int
    calls: list[CallsEstimate]
    max_cost: float
    is_complete: bool


class Attempt(Read):
    """What became of asking one source. `reason` says why it failed or was not asked; `cost` is in USD."""

    source: Source
    outcome: AttemptOutcome
    cost: float
    duration_ms: float
    reason: str | None
    at: Timestamp


class FieldValue(Read):
    """A value with who said it, and how sure it is."""

    value: JsonValue
    source: Source
    confidence: float


class WriteConflict(Read):
    """A field of the lead that was left as it is, against what a source says."""

    field: str
    kept: JsonValue
    other: JsonValue
    source: Source


class EnrichmentRun(Read):
    """The enrichment of one lead. `fields` holds the best values that are known after it; costs are in USD.

    matched: a source knew all it was asked for, or together they know all that was wanted · partial: something was
    found · not_found: who was asked knows nobody · failed: nobody asked could answer · skipped: nobody was asked.
    """

    id: str
    lead_id: str
    job_id: str | None
    status: RunStatus
    sources: list[Source] | None
    wanted: list[EnrichmentField] | None
    max_cost: float | None
    force: bool
    attempts: list[Attempt]
    fields: dict[EnrichmentField, FieldValue]
    conflicts: list[WriteConflict]
    cost: float
    reason: str | None
    created_at: Timestamp
    updated_at: Timestamp
    completed_at: Timestamp | None


class JobSource(Read):
    """What a source has done for a job: how often it was asked, what it said, what it cost in USD.

    `fill_rate` is the share of asked leads that it found.
    """

    source: Source
    asked: int
    matched: int
    partial: int
    not_found: int
    ambiguous: int
    failed: int
    fields: int
    cost: float
    fill_rate: float


class EnrichmentJob(Read):
    """The enrichment of many leads. `total` grows until all runs have begun; `progress` goes from 0 to 1.

    `runs` counts runs by what became of them, `cost` is what was spent and `reserved` what calls under way may cost,
    both in USD. `unknown_lead_ids` are those asked for under which there was no lead.
    """

    id: str
    status: Literal["running", "completed", "stopped"]
    total: int
    done: int
    progress: float
    runs: dict[str, int]
    max_cost: float | None
    max_cost_per_lead: float | None
    cost: float
    reserved: float
    unknown_lead_ids: list[str]
    sources: list[JobSource]
    created_at: Timestamp
    updated_at: Timestamp
    stopped_at: Timestamp | None


class LeadEnrichmentCreate(Write):
    """An enrichment that was obtained elsewhere. `enrichment_data` is the source's response, 1 MB at most."""

    source: Source
    enrichment_data: dict[str, JsonValue] = Field(default_factory=dict)
    confidence_score: Confidence | None = None
    company_name: Annotated[Line, Field(min_length=1, max_length=200)] | None = None
    company_size: Annotated[Line, Field(min_length=1, max_length=100)] | None = None
    company_industry: Annotated[Line, Field(min_length=1, max_length=100)] | None = None
    company_website: HttpUrl | None = None
    company_linkedin_url: HttpUrl | None = None
    company_funding: Annotated[Line, Field(min_length=1, max_length=200)] | None = None
    job_title: Annotated[Line, Field(min_length=1, max_length=200)] | None = None
    linkedin_url: HttpUrl | None = None
    twitter_url: HttpUrl | None = None
    github_url: HttpUrl | None = None
    tech_stack: Annotated[
        list[Annotated[Line, Field(min_length=1, max_length=LONGEST_IN_A_LIST)]], Field(max_length=MOST_IN_A_LIST)
    ] = Field(default_factory=list)
    skills: Annotated[
        list[Annotated[Line, Field(min_length=1, max_length=LONGEST_IN_A_LIST)]], Field(max_length=MOST_IN_A_LIST)
    ] = Field(default_factory=list)
    social_profiles: JsonObject | None = None

    @field_validator("enrichment_data")
    @classmethod
    def _not_huge(cls, value: dict[str, Any]) -> dict[str, Any]:
        import json

        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        if len(text.encode()) > MAX_DATA_BYTES:
            raise ValueError("must be at most 1 MB of JSON")
        if holds_nul(text):
            raise ValueError("must not contain NUL")
        return value


class LeadEnrichment(Read):
    """What a source said about a lead. A response over 50 KB is behind `enrichment_data_url`, for 15 minutes."""

    id: str
    lead_id: str
    source: Source
    run_id: str | None
    enrichment_data: dict[str, JsonValue]
    enrichment_data_url: str | None
    confidence_score: float | None
    company_name: str | None
    company_size: str | None
    company_industry: str | None
    company_website: str | None
    company_linkedin_url: str | None
    company_funding: str | None
    job_title: str | None
    linkedin_url: str | None
    twitter_url: str | None
    github_url: str | None
    tech_stack: list[str]
    skills: list[str]
    social_profiles: dict[str, JsonValue] | None
    enriched_at: Timestamp
    created_at: Timestamp
    updated_at: Timestamp


class AutoEnrich(Write):
    """Whether leads are enriched when they come on file, by which sources, for which fields, for how much each."""

    enabled: bool
    sources: Sources | None = None
    fields: Fields | None = None
    max_cost: Usd | None = None


class Refresh(Write):
    """Whether leads are enriched again once a day whose answers are no longer fresh, for `max_cost` a day in all."""

    enabled: bool
    max_cost: Usd = 0.0


class EnrichmentSettingsWrite(Write):
    """What holds for all enrichment; what is left out is set to its default, with everything automatic switched off.

    `write_policy` says per field of the lead what enrichment may do there: `fill_if_empty` (the default), `always`
    (also renew what enrichment wrote before) or `never`. A person's value always stays. `max_cost_per_lead` in USD
    bounds what one lead costs on a UTC day.
    """

    auto_enrich: AutoEnrich | None = None
    refresh: Refresh | None = None
    write_policy: dict[LeadField, Policy] = Field(default_factory=dict)
    max_cost_per_lead: Usd | None = None


class EnrichmentSettings(Read):
    """What holds for all enrichment."""

    auto_enrich: dict[str, JsonValue]
    refresh: dict[str, JsonValue]
    write_policy: dict[LeadField, Policy]
    max_cost_per_lead: float | None
    updated_at: Timestamp | None
