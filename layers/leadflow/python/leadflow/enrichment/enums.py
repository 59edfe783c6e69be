"""The sources that know about people, the fields they fill, and what may become of asking one."""

from __future__ import annotations

from typing import Literal, get_args

Source = Literal["people_data_labs", "forager", "crustdata"]
# What an enrichment fills: the fields of LeadEnrichment that sources answer.
EnrichmentField = Literal[
    "company_name",
    "company_size",
    "company_industry",
    "company_website",
    "company_linkedin_url",
    "company_funding",
    "job_title",
    "linkedin_url",
    "twitter_url",
    "github_url",
    "tech_stack",
    "skills",
    "social_profiles",
]
# What a source says about a person. `partial`: found, and not every wanted field that it fills is known.
Match = Literal["matched", "partial", "not_found", "ambiguous"]
# What becomes of one attempt of a run.
AttemptOutcome = Literal[
    "matched",
    "partial",
    "not_found",
    "ambiguous",
    "failed",
    "skipped_budget",
    "skipped_fresh",
    "skipped_rate",
    "skipped_fill_rate",
]
RunStatus = Literal["queued", "running", "matched", "partial", "not_found", "failed", "skipped"]
# CrustData's two APIs: by the version that it calls the current one, and what came before.
Generation = Literal["2025-11-01", "legacy"]

SOURCES: tuple[Source, ...] = get_args(Source)
FIELDS: tuple[EnrichmentField, ...] = get_args(EnrichmentField)
ATTEMPT_OUTCOMES: tuple[str, ...] = get_args(AttemptOutcome)
RUN_STATUSES: tuple[str, ...] = get_args(RunStatus)
GENERATIONS: tuple[Generation, ...] = get_args(Generation)
NEWEST_GENERATION: Generation = "2025-11-01"

# Of a text field, in characters; of a list, in texts and characters of each.
LONGEST: dict[str, int] = {
    "company_name": 200,
    "company_size": 100,
    "company_industry": 100,
    "company_website": 2000,
    "company_linkedin_url": 2000,
    "company_funding": 200,
    "job_title": 200,
    "linkedin_url": 2000,
    "twitter_url": 2000,
    "github_url": 2000,
}
MOST_IN_A_LIST = 100
LONGEST_IN_A_LIST = 100
