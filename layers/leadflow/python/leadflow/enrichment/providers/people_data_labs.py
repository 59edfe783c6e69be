"""People Data Labs' v5 API: https://docs.peopledatalabs.com/docs/person-enrichment-api

A match costs a credit and a miss (404) nothing. Limits are told as JSON objects by minute, day and month.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from typing import Any, ClassVar

from leadflow.core import clock
from leadflow.core.errors import LeadflowError, OutcomeUnknown
from leadflow.enrichment.enums import FIELDS, EnrichmentField, Source
from leadflow.enrichment.providers.asking import Lookup, bounded_wait, credits_told, each_of_many
from leadflow.enrichment.rules import normalising as norm
from leadflow.enrichment.rules.answers import Answer, Limits, Person, Value
from leadflow.enrichment.rules.planning import COMPANY, PERSON, Company, Part

_COMPANY_FIELDS: frozenset[EnrichmentField] = frozenset(
    {
        "company_name",
        "company_size",
        "company_industry",
        "company_website",
        "company_linkedin_url",
        "company_funding",
    }
)
# As the service's own default; below it a match is a guess.
_LEAST_LIKELIHOOD = 2
_MOST_LIKELIHOOD = 10
_FOUND, _MISSING, _BROKEN = 200, 404, 500
_CREDITS_SPENT = "x-call-credits-spent"
# A company found by its name alone may be another of that name.
_BY_NAME_ALONE = 0.6


class PeopleDataLabs(Lookup):
    """People Data Labs with one API key."""

    source: ClassVar[Source] = "people_data_labs"
    title = "People Data Labs"
    url = "https://api.peopledatalabs.com"
    filled: ClassVar = {
        PERSON: frozenset(FIELDS) - {"company_funding", "tech_stack"},
        COMPANY: _COMPANY_FIELDS,
    }
    most_at_once = 100

    def __init__(self, api_key: str) -> None:
        self._headers = {"x-api-key": api_key, "accept": "application/json"}

    def credits_of(self, _name: str, _person: Person) -> float:
        return 1

    def lookup_many(self, people: Sequence[Person], fields: Set[EnrichmentField]) -> list[Answer | LeadflowError]:
        """By the bulk form, which answers each person with a status of their own."""
        if len(people) > self.most_at_once or not all(self._knows(person) for person in people):
            raise ValueError("at most 100 people, each of whom can be asked for")
        body = {"requests": [{"params": _params(person)} for person in people], **_options()}
        reply = self._ask("POST", "/v5/person/bulk", self._headers, json=body)
        told = reply.body if isinstance(reply.body, list) else []
        items = [norm.mapping(one) for one in told[: len(people)]]
        items += [{}] * (len(people) - len(items))
        found = sum(item.get("status") == _FOUND for item in items)
        spent, limits = each_of_many(reply.headers, _CREDITS_SPENT, 1, found), self.limits(reply.headers)
        return [self._one_of_many(item, fields, spent, limits) for item in items]

    def _one_of_many(
        self, item: Mapping[str, Any], fields: Set[EnrichmentField], spent: float, limits: Limits
    ) -> Answer | LeadflowError:
        status = item.get("status")
        if not isinstance(status, int) or status >= _BROKEN:
            return OutcomeUnknown(f"{self.title} does not say what became of one of several.")
        if status not in (_FOUND, _MISSING):
            return self._refusal(status, item, {})
        return self._alone(_person_part(item, spent, limits, is_missing=status == _MISSING), fields)

    def _knows(self, person: Person) -> bool:
        return bool(
            person.email
            or person.phone
            or norm.linkedin(person.linkedin_url)
            or (person.name and (person.company or norm.domain(person.company_website)))
        )

    def _can_find(self, company: Company) -> bool:
        return company.is_known

    def _person(self, person: Person) -> Part:
        reply = self._ask("POST", "/v5/person/enrich", self._headers, json={**_params(person), **_options()})
        spent = credits_told(reply.headers, _CREDITS_SPENT, 1)
        return _person_part(reply.body, spent, self.limits(reply.headers), is_missing=reply.is_missing)

    def _about(self, _name: str, company: Company) -> Part:
        asked = {"website": company.domain, "profile": company.linkedin_url, "name": company.name}
        query = {key: value for key, value in asked.items() if value} | {"titlecase": "true"}
        reply = self._ask("GET", "/v5/company/enrich", self._headers, params=query)
        limits = self.limits(reply.headers)
        body = norm.mapping(reply.body)
        if reply.is_missing or not body:
            return Part("not_found", raw=reply.body, limits=limits)
        sure = _likelihood(body) if company.domain or company.linkedin_url else min(_likelihood(body), _BY_NAME_ALONE)
        spent = credits_told(reply.headers, _CREDITS_SPENT, 1)
        return Part("matched", norm.present(_company_values(body)), sure, body, spent, limits)

    def limits(self, headers: Mapping[str, str]) -> Limits:
        left = _by_window(headers.get("x-ratelimit-remaining", ""))
        told = super().limits(headers)
        return Limits(left, bounded_wait(_until(headers.get("x-ratelimit-reset", ""))), told.retry_after_seconds)


def _options() -> dict[str, Any]:
    return {"min_likelihood": _LEAST_LIKELIHOOD, "titlecase": True, "include_if_matched": True}


def _params(person: Person) -> dict[str, str]:
    """Who is asked for, by all that is known: it makes a match more likely and costs nothing."""
    asked = {
        "profile": norm.linkedin(person.linkedin_url),
        "email": person.email,
        "phone": person.phone,
        "name": person.name,
        "company": person.company or norm.domain(person.company_website),
    }
    return {key: value for key, value in asked.items() if value}


def _person_part(body: Any, spent: float, limits: Limits, *, is_missing: bool) -> Part:
    told = norm.mapping(body)
    data = norm.mapping(told, "data")
    if is_missing or not data:
        return Part("not_found", raw=body, credits=0 if is_missing else spent, limits=limits)
    return Part("matched", norm.present(_person_values(data)), _likelihood(told), body, spent, limits)


def _person_values(data: Mapping[str, Any]) -> dict[EnrichmentField, Value | None]:
    listed = [(one.get("network"), one.get("url")) for one in norm.objects(data.get("profiles"))]
    named = [(network, data.get(f"{network}_url")) for network in ("linkedin", "twitter", "github", "facebook")]
    return {
        "company_name": norm.text(data.get("job_company_name"), 200),
        "company_size": norm.size(data.get("job_company_size")),
        "company_industry": norm.industry(data.get("job_company_industry")) or norm.industry(data.get("industry")),
        "company_website": norm.url(data.get("job_company_website")),
        "company_linkedin_url": norm.linkedin_company(data.get("job_company_linkedin_url")),
        "job_title": norm.text(data.get("job_title"), 200),
        "linkedin_url": norm.linkedin(data.get("linkedin_url")) or norm.linkedin(data.get("linkedin_username")),
        "twitter_url": norm.twitter(data.get("twitter_url")) or norm.twitter(data.get("twitter_username")),
        "github_url": norm.github(data.get("github_url")) or norm.github(data.get("github_username")),
        "skills": norm.texts(data.get("skills")),
        "social_profiles": norm.profiles([*named, *listed]),
    }


def _company_values(body: Mapping[str, Any]) -> dict[EnrichmentField, Value | None]:
    return {
        "company_name": norm.text(body.get("display_name"), 200) or norm.text(body.get("name"), 200),
        "company_size": norm.size(body.get("size")) or norm.size(body.get("employee_count")),
        "company_industry": norm.industry(body.get("industry_v2")) or norm.industry(body.get("industry")),
        "company_website": norm.url(body.get("website")),
        "company_linkedin_url": norm.linkedin_company(body.get("linkedin_url")),
        "company_funding": norm.funding(
            body.get("total_funding_raised"), body.get("latest_funding_stage"), body.get("last_funding_date")
        ),
    }


def _likelihood(body: Mapping[str, Any]) -> float:
    return norm.score(body.get("likelihood"), _MOST_LIKELIHOOD) or _LEAST_LIKELIHOOD / _MOST_LIKELIHOOD


def _by_window(value: str) -> int | None:
    """The fewest requests left, of `{"minute": 998, "day": null, "month": null}`."""
    try:
        told = json.loads(value)
    except (ValueError, RecursionError):
        return None
    counts = list(told.values()) if isinstance(told, dict) else [told]
    left = [count for count in counts if isinstance(count, int) and not isinstance(count, bool)]
    return min(left, default=None)


def _until(value: str) -> float | None:
    try:
        return (clock.parse(value) - clock.now()).total_seconds()
    except (ValueError, TypeError):
        return None
