"""CrustData's API before its version 2025-11-01, for accounts that are still on it.

One person at a time by 404 or, in lists, by an object with `error` is how a miss looks here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, ClassVar

from leadflow.core.errors import LeadflowError, OutcomeUnknown
from leadflow.enrichment.enums import EnrichmentField
from leadflow.enrichment.providers.asking import credits_told, each_of_many
from leadflow.enrichment.providers.crustdata import CrustDataAccount
from leadflow.enrichment.rules import normalising as norm
from leadflow.enrichment.rules.answers import Answer, Person, Value
from leadflow.enrichment.rules.planning import COMPANY, PERSON, Company, Part

_PERSON_CREDITS, _COMPANY_CREDITS = 3, 1
_CREDITS_USED = "x-credits-used"
# By address of mail it is a guess from the name, which its own score tells; without one we take it for this.
_BY_EMAIL = 0.8
_BY_NAME_ALONE, _OTHER_DOMAIN = 0.6, 0.4


class CrustDataLegacy(CrustDataAccount):
    """CrustData's former API with one API key."""

    filled: ClassVar = {
        PERSON: frozenset[EnrichmentField](
            {
                "company_name",
                "company_website",
                "job_title",
                "linkedin_url",
                "twitter_url",
                "skills",
                "social_profiles",
            }
        ),
        COMPANY: frozenset[EnrichmentField](
            {
                "company_name",
                "company_size",
                "company_industry",
                "company_website",
                "company_linkedin_url",
                "company_funding",
            }
        ),
    }

    most_at_once = 25

    def __init__(self, api_key: str) -> None:
        self._headers = {"authorization": f"Token {api_key}", "accept": "application/json"}

    def credits_of(self, name: str, _person: Person) -> float:
        return _PERSON_CREDITS if name == PERSON else _COMPANY_CREDITS

    def _kind(self, person: Person) -> str | None:
        """It takes many addresses of profiles, and of mail one."""
        return "profile" if norm.linkedin(person.linkedin_url) else None

    def lookup_many(self, people: Sequence[Person], fields: Set[EnrichmentField]) -> list[Answer | LeadflowError]:
        """People by the addresses of their profiles, which are all who can be asked for together."""
        profiles = [norm.linkedin(person.linkedin_url) for person in people]
        if len(people) > self.most_at_once or not all(profiles):
            raise ValueError("at most 25 people, each with the address of a profile")
        asked = list(dict.fromkeys(str(profile) for profile in profiles))
        reply = self._ask(
            "GET", "/screener/person/enrich", self._headers, params={"linkedin_profile_url": ",".join(asked)}
        )
        items = norm.objects(reply.body)
        found = sum("error" not in item for item in items)
        spent, limits = each_of_many(reply.headers, _CREDITS_USED, _PERSON_CREDITS, found), self.limits(reply.headers)
        told = _by_profile(asked, items)

        def answer(profile: str) -> Answer | LeadflowError:
            item = told.get(profile)
            if item is None:
                return OutcomeUnknown(f"{self.title} does not say what became of one of several.")
            if "error" in item:
                return self._alone(Part("not_found", raw=item, limits=limits), fields)
            values, sure = norm.present(_person_values(item)), norm.score(item.get("score")) or 1.0
            return self._alone(Part("matched", values, sure, item, spent, limits), fields)

        return [answer(str(profile)) for profile in profiles]

    def _person(self, person: Person) -> Part:
        profile = norm.linkedin(person.linkedin_url)
        asked = {"linkedin_profile_url": profile} if profile else {"business_email": str(person.email)}
        reply = self._ask("GET", "/screener/person/enrich", self._headers, params=asked)
        limits = self.limits(reply.headers)
        found = _known(reply.body)
        if found is None:
            return Part("not_found", raw=reply.body, limits=limits)
        sure = norm.score(found.get("score")) or (1.0 if profile else _BY_EMAIL)
        spent = credits_told(reply.headers, _CREDITS_USED, _PERSON_CREDITS)
        return Part("matched", norm.present(_person_values(found)), sure, reply.body, spent, limits)

    def _about(self, _name: str, company: Company) -> Part:
        if company.domain:
            asked = {"company_domain": company.domain}
        elif company.linkedin_url:
            asked = {"company_linkedin_url": company.linkedin_url}
        else:
            asked = {"company_name": str(company.name)}
        reply = self._ask("GET", "/screener/company", self._headers, params=asked)
        limits = self.limits(reply.headers)
        found = _known(reply.body)
        values = norm.present(_company_values(found or {}))
        if found is None or not values:
            return Part("not_found", raw=reply.body, limits=limits)
        spent = credits_told(reply.headers, _CREDITS_USED, _COMPANY_CREDITS)
        return Part("matched", values, _sure(found, company), reply.body, spent, limits)


def _by_profile(asked: Sequence[str], items: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """What was answered about each: by the address it repeats, else in the order of the question."""
    slugs = {one: (norm.linkedin_name(one) or "").lower() for one in asked}
    named = {name: item for item in items for name in _names(item)}
    places = zip(asked, items, strict=True) if len(asked) == len(items) else ()
    in_order = {one: item for one, item in places if _names(item).isdisjoint(slugs.values())}
    told = ((one, named.get(slug) or in_order.get(one)) for one, slug in slugs.items())
    return {one: item for one, item in told if item is not None}


def _names(item: Mapping[str, Any]) -> set[str]:
    """The profiles that an item is about: what it was asked by, or, of a miss and of what has no echo, its own."""
    echo = item.get("query_linkedin_profile_urn_or_slug")
    told: list[Any] = [echo] if isinstance(echo, str) else echo if isinstance(echo, list) else []
    own = [norm.linkedin_name(item.get(name)) for name in ("linkedin_flagship_url", "linkedin_profile_url")]
    return {one.lower() for one in told or own if isinstance(one, str)}


def _known(body: Any) -> Mapping[str, Any] | None:
    """The first of the answers that is one: not told as an error, and with more than a message."""
    return next((one for one in norm.objects(body) if "error" not in one), None)


def _sure(found: Mapping[str, Any], company: Company) -> float:
    if company.domain:
        known = found.get("domains")
        domains = [*(known if isinstance(known, list) else []), found.get("company_website_domain")]
        is_it = company.domain in {norm.domain(one) for one in domains}
        return 1.0 if is_it and found.get("is_full_domain_match") is not False else _OTHER_DOMAIN
    return 1.0 if company.linkedin_url else _BY_NAME_ALONE


def _person_values(found: Mapping[str, Any]) -> dict[EnrichmentField, Value | None]:
    employers = norm.objects(found.get("current_employers"))
    job = employers[0] if employers else {}
    sites = job.get("employer_company_website_domain")
    page = norm.linkedin(found.get("linkedin_flagship_url")) or norm.linkedin(found.get("linkedin_profile_url"))
    twitter = norm.twitter(found.get("twitter_handle"))
    return {
        "company_name": norm.text(job.get("employer_name"), 200),
        "company_website": norm.url(sites[0]) if isinstance(sites, list) and sites else norm.url(sites),
        "job_title": norm.text(found.get("title"), 200) or norm.text(job.get("employee_title"), 200),
        "linkedin_url": page,
        "twitter_url": twitter,
        "skills": norm.texts(found.get("skills")),
        "social_profiles": norm.profiles([("linkedin", page), ("twitter", twitter)]),
    }


def _company_values(found: Mapping[str, Any]) -> dict[EnrichmentField, Value | None]:
    funding = norm.mapping(found, "funding_and_investment")
    return {
        "company_name": norm.text(found.get("company_name"), 200),
        "company_size": norm.size(found.get("employee_count_range"))
        or norm.size(norm.mapping(found, "headcount").get("linkedin_headcount")),
        "company_industry": norm.industry(norm.mapping(found, "taxonomy").get("linkedin_industries")),
        "company_website": norm.url(found.get("company_website")) or norm.url(found.get("company_website_domain")),
        "company_linkedin_url": norm.linkedin_company(found.get("linkedin_profile_url")),
        "company_funding": norm.funding(
            funding.get("crunchbase_total_investment_usd"), funding.get("last_funding_round_type")
        ),
    }
