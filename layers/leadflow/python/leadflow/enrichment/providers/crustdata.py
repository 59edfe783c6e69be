"""CrustData's API of version 2025-11-01: https://docs.crustdata.com

A person that is not known is no error but an empty list of matches. Limits are told as seconds to wait.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, ClassVar

from leadflow.core.errors import LeadflowError, OutcomeUnknown, QuotaExhausted, UpstreamRejected
from leadflow.enrichment.enums import EnrichmentField, Generation, Match, Source
from leadflow.enrichment.providers.asking import Lookup, Reply, bounded_wait, credits_told, each_of_many, whole_number
from leadflow.enrichment.rules import normalising as norm
from leadflow.enrichment.rules.answers import Answer, Limits, Person, Value
from leadflow.enrichment.rules.planning import COMPANY, PERSON, Company, Part

VERSION: Generation = "2025-11-01"
# Left to themselves the answers hold less; a group that a plan does not include would fail the whole request.
_PERSON_GROUPS = ["basic_profile", "social_handles", "experience", "education", "skills", "professional_network"]
_COMPANY_GROUPS = ["basic_info", "headcount", "funding", "locations", "taxonomy", "social_profiles"]
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
_OF_A_PERSON: frozenset[EnrichmentField] = frozenset(
    {
        "company_name",
        "company_linkedin_url",
        "job_title",
        "linkedin_url",
        "twitter_url",
        "github_url",
        "skills",
        "social_profiles",
    }
)
_PERSON_CREDITS, _COMPANY_CREDITS = 1, 2
# Two matches that are closer than this may each be the one.
_CLEAR = 0.1
_CREDITS_USED = "x-credits-used"
_BY_NAME_ALONE = 0.6
_URLS, _EMAILS = "professional_network_profile_urls", "business_emails"


def crustdata(api_key: str, generation: Generation) -> Lookup:
    """The client of a generation."""
    if generation == VERSION:
        return CrustData(api_key)
    from leadflow.enrichment.providers.crustdata_legacy import CrustDataLegacy

    return CrustDataLegacy(api_key)


class CrustDataAccount(Lookup):
    """What both generations share: who can be asked for, and what refusals and limits look like."""

    source: ClassVar[Source] = "crustdata"
    title = "CrustData"
    url = "https://api.crustdata.com"

    def _knows(self, person: Person) -> bool:
        return bool(norm.linkedin(person.linkedin_url) or norm.company_domain_of_email(person.email))

    def _can_find(self, company: Company) -> bool:
        return company.is_known

    def _refusal(self, status: int, body: Any, headers: Mapping[str, str]) -> LeadflowError:
        if status == 403:
            # Its credits may be used up, or its plan not include what was asked; the key itself is fine.
            if "credit" in str(norm.mapping(body, "error").get("type", "")).lower():
                return QuotaExhausted(f"What was paid for at {self.title} is used up.")
            return UpstreamRejected(f"{self.title} does not answer this on the account's plan.")
        return super()._refusal(status, body, headers)

    def limits(self, headers: Mapping[str, str]) -> Limits:
        reset = bounded_wait(whole_number(headers.get("x-ratelimit-reset")))
        told = super().limits(headers).retry_after_seconds
        return Limits(whole_number(headers.get("x-ratelimit-remaining")), reset, told)


class CrustData(CrustDataAccount):
    """CrustData with one API key."""

    filled: ClassVar = {PERSON: _OF_A_PERSON, COMPANY: _COMPANY_FIELDS}
    most_at_once = 25

    def __init__(self, api_key: str) -> None:
        self._headers = {"authorization": f"Bearer {api_key}", "x-api-version": VERSION}

    def credits_of(self, name: str, _person: Person) -> float:
        return _PERSON_CREDITS if name == PERSON else _COMPANY_CREDITS

    def lookup_many(self, people: Sequence[Person], fields: Set[EnrichmentField]) -> list[Answer | LeadflowError]:
        """Up to two requests, since one takes addresses of profiles or of mail, not both."""
        if len(people) > self.most_at_once or not all(self._knows(person) for person in people):
            raise ValueError("at most 25 people, each of whom can be asked for")
        found: dict[Person, Answer | LeadflowError] = {}
        for kind in (_URLS, _EMAILS):
            of_kind = [person for person in people if _identifier(person)[0] == kind]
            if of_kind:
                found.update(self._many(kind, of_kind, fields))
        return [found[person] for person in people]

    def _kind(self, person: Person) -> str | None:
        return _identifier(person)[0]

    def _many(
        self, kind: str, people: Sequence[Person], fields: Set[EnrichmentField]
    ) -> dict[Person, Answer | LeadflowError]:
        # Each is asked for once, and comes back with what it was asked by.
        asked = list(dict.fromkeys(_identifier(person)[1] for person in people))
        try:
            reply = self._ask_people(kind, asked)
        except LeadflowError as error:
            return dict.fromkeys(people, error)
        items = _by_identifier(asked, norm.objects(reply.body))
        found = sum(bool(norm.objects(item.get("matches"))) for item in items.values())
        spent, limits = each_of_many(reply.headers, _CREDITS_USED, _PERSON_CREDITS, found), self.limits(reply.headers)

        def answer(person: Person) -> Answer | LeadflowError:
            item = items.get(_identifier(person)[1])
            if item is None:
                return OutcomeUnknown(f"{self.title} does not say what became of one of several.")
            return self._alone(_person_part(item, spent, limits), fields)

        return {person: answer(person) for person in people}

    def _person(self, person: Person) -> Part:
        kind, identifier = _identifier(person)
        reply = self._ask_people(kind, [identifier])
        items = norm.objects(reply.body)
        spent = credits_told(reply.headers, _CREDITS_USED, _PERSON_CREDITS)
        return _person_part(items[0] if items else None, spent, self.limits(reply.headers), reply.body)

    def _ask_people(self, kind: str, identifiers: list[str]) -> Reply:
        body = {kind: identifiers, "fields": _PERSON_GROUPS}
        return self._ask("POST", "/person/enrich", self._headers, json=body)

    def _about(self, _name: str, company: Company) -> Part:
        kind, identifier, sure = _company_identifier(company)
        body = {kind: [identifier], "fields": _COMPANY_GROUPS}
        reply = self._ask("POST", "/company/enrich", self._headers, json=body)
        limits = self.limits(reply.headers)
        items = norm.objects(reply.body)
        best, confidence, verdict = _best(items[0] if items else None, "company_data")
        values = norm.present(_company_values(best))
        # A company that is being looked up for the first time comes without anything about it.
        if verdict == "not_found" or (verdict == "matched" and not values):
            return Part("not_found", raw=reply.body, limits=limits)
        spent = credits_told(reply.headers, _CREDITS_USED, _COMPANY_CREDITS)
        return Part(verdict, values, min(confidence, sure), reply.body, spent, limits)


def _identifier(person: Person) -> tuple[str, str]:
    profile = norm.linkedin(person.linkedin_url)
    return (_URLS, profile) if profile else (_EMAILS, str(person.email))


def _by_identifier(asked: Sequence[str], items: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """What was answered about each, by the words it was asked by; in the order of the question where those differ."""
    named = {str(item.get("matched_on")).lower(): item for item in items}
    places = zip(asked, items, strict=True) if len(asked) == len(items) else ()
    known = {one.lower() for one in asked}
    in_order = {one: item for one, item in places if str(item.get("matched_on")).lower() not in known}
    told = ((one, named.get(one.lower()) or in_order.get(one)) for one in asked)
    return {one: item for one, item in told if item is not None}


def _company_identifier(company: Company) -> tuple[str, str, float]:
    """The kind, what to ask by, and the most that a match by it can be worth."""
    if company.domain:
        return "domains", company.domain, 1.0
    if company.linkedin_url:
        return _URLS, company.linkedin_url, 1.0
    return "names", str(company.name), _BY_NAME_ALONE


def _best(item: Mapping[str, Any] | None, name: str) -> tuple[Mapping[str, Any], float, Match]:
    """The best of an item's matches, its confidence, and the verdict; `ambiguous` when there is no clear best."""
    matches = [
        (norm.score(one.get("confidence_score")) or 0.0, norm.mapping(one, name))
        for one in norm.objects((item or {}).get("matches"))
    ]
    matches = sorted((one for one in matches if one[1]), key=lambda one: one[0], reverse=True)
    if not matches:
        return {}, 0.0, "not_found"
    if len(matches) > 1 and matches[0][0] - matches[1][0] < _CLEAR:
        return {}, matches[0][0], "ambiguous"
    return matches[0][1], matches[0][0], "matched"


def _person_part(item: Mapping[str, Any] | None, spent: float, limits: Limits, raw: Any = None) -> Part:
    data, confidence, verdict = _best(item, "person_data")
    whole = item if raw is None else raw
    if verdict == "not_found":
        return Part("not_found", raw=whole, limits=limits)
    return Part(verdict, norm.present(_person_values(data)), confidence, whole, spent, limits)


def _person_values(data: Mapping[str, Any]) -> dict[EnrichmentField, Value | None]:
    handles = norm.mapping(data, "social_handles")
    page = norm.mapping(handles, "professional_network_identifier").get("profile_url")
    twitter = norm.twitter(norm.mapping(handles, "twitter_identifier").get("slug"))
    github = norm.github(norm.mapping(handles, "dev_platform_identifier").get("profile_url"))
    current = norm.objects(norm.mapping(data, "experience", "employment_details").get("current"))
    job = next((one for one in current if one.get("is_default") is True), current[0] if current else {})
    title = norm.text(norm.mapping(data, "basic_profile").get("current_title"), 200)
    return {
        "company_name": norm.text(job.get("name"), 200),
        "company_linkedin_url": norm.linkedin_company(job.get("company_professional_network_profile_url")),
        "job_title": title or norm.text(job.get("title"), 200),
        "linkedin_url": norm.linkedin(page),
        "twitter_url": twitter,
        "github_url": github,
        "skills": norm.texts(norm.mapping(data, "skills").get("professional_network_skills")),
        "social_profiles": norm.profiles([("linkedin", norm.linkedin(page)), ("twitter", twitter), ("github", github)]),
    }


def _company_values(data: Mapping[str, Any]) -> dict[EnrichmentField, Value | None]:
    info, funding = norm.mapping(data, "basic_info"), norm.mapping(data, "funding")
    industry = norm.mapping(data, "taxonomy").get("professional_network_industry")
    return {
        "company_name": norm.text(info.get("name"), 200),
        "company_size": norm.size(info.get("employee_count_range"))
        or norm.size(norm.mapping(data, "headcount").get("total")),
        "company_industry": norm.industry(industry) or norm.industry(info.get("industries")),
        "company_website": norm.url(info.get("website")) or norm.url(info.get("primary_domain")),
        "company_linkedin_url": norm.linkedin_company(info.get("professional_network_url")),
        "company_funding": norm.funding(
            funding.get("total_investment_usd"), funding.get("last_round_type"), funding.get("last_fundraise_date")
        ),
    }
