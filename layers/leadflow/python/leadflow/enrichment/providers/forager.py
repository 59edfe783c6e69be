"""Forager's API v2: https://docs.forager.ai

Paths hold the account's number and end with a slash. A miss is 404 or an empty list; it names no limits. What a
search that finds nothing costs is not documented, so it is taken for paid.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from leadflow.enrichment.enums import EnrichmentField, Source
from leadflow.enrichment.providers.asking import Lookup, Reply
from leadflow.enrichment.rules import normalising as norm
from leadflow.enrichment.rules.answers import Person, Value
from leadflow.enrichment.rules.planning import COMPANY, PERSON, WEBSITE, Company, Part

_CREDITS, _CREDITS_BY_EMAIL = 1, 5
# It tells no confidence: the person of a profile, the person of an address, the only one of a name at a company.
_BY_PROFILE, _BY_EMAIL, _BY_NAME = 0.95, 0.85, 0.7
_ONLY_RESULT = 0.5


class Forager(Lookup):
    """Forager with one API key and the number of its account. Raises ValueError when that is none.

    People are not asked for by phone number, which costs fifteen times as much as by profile.
    """

    source: ClassVar[Source] = "forager"
    title = "Forager"
    url = "https://api-v2.forager.ai"
    filled: ClassVar = {
        PERSON: frozenset[EnrichmentField](
            {
                "company_name",
                "company_industry",
                "company_website",
                "company_linkedin_url",
                "job_title",
                "linkedin_url",
                "skills",
                "social_profiles",
            }
        ),
        COMPANY: frozenset[EnrichmentField](
            {"company_name", "company_size", "company_industry", "company_website", "company_linkedin_url"}
        ),
        WEBSITE: frozenset[EnrichmentField]({"tech_stack"}),
    }

    def __init__(self, api_key: str, account_id: str) -> None:
        if not (account_id.isascii() and account_id.isdigit() and len(account_id) < 16):
            raise ValueError("Forager needs the number of its account")
        self._data = f"/api/{account_id}/datastorage"
        self._headers = {"x-api-key": api_key, "accept": "application/json"}

    def credits_of(self, name: str, person: Person) -> float:
        by_email = name == PERSON and not norm.linkedin_name(person.linkedin_url) and person.email
        return _CREDITS_BY_EMAIL if by_email else _CREDITS

    def _knows(self, person: Person) -> bool:
        return bool(
            norm.linkedin_name(person.linkedin_url)
            or person.email
            or (person.name and norm.domain(person.company_website))
        )

    def _can_find(self, company: Company) -> bool:
        return bool(company.domain)

    def _person(self, person: Person) -> Part:
        name = norm.linkedin_name(person.linkedin_url)
        if name:
            reply = self._post("person_detail_lookup", {"linkedin_public_identifier": name})
            return self._detail(reply, _BY_PROFILE, self.credits_of(PERSON, person))
        if person.email:
            reply = self._post("person_detail_reverse_lookup/by_email", {"email": person.email})
            return self._detail(reply, _BY_EMAIL, self.credits_of(PERSON, person))
        return self._by_name(str(person.name), str(norm.domain(person.company_website)))

    def _detail(self, reply: Reply, sure: float, spent: float) -> Part:
        body = reply.body[0] if isinstance(reply.body, list) and reply.body else reply.body
        found = norm.mapping(body)
        limits = self.limits(reply.headers)
        if reply.is_missing or not found:
            return Part("not_found", raw=reply.body, limits=limits)
        role = _present_role(norm.objects(found.get("roles")))
        return Part("matched", norm.present(_person_values(found, role)), sure, reply.body, spent, limits)

    def _by_name(self, name: str, domain: str) -> Part:
        """Who of this name works there now; several are nobody in particular."""
        quoted = '"' + name.replace('"', " ") + '"'
        asked = {"page": 0, "person_name": quoted, "organization_domains": [domain], "role_is_current": True}
        reply = self._post("person_role_search", asked)
        limits = self.limits(reply.headers)
        rows = _results(reply)
        people = {str(norm.mapping(row, "person").get("id")) for row in rows}
        if len(people) != 1:
            verdict: Any = "ambiguous" if people else "not_found"
            return Part(verdict, raw=reply.body, credits=_CREDITS, limits=limits)
        role = _present_role(rows)
        values = _person_values(norm.mapping(role, "person"), role)
        return Part("matched", norm.present(values), _BY_NAME, reply.body, _CREDITS, limits)

    def _about(self, name: str, company: Company) -> Part:
        domain = str(company.domain)
        if name == WEBSITE:
            reply = self._post("website_detail_lookup", {"domain": domain})
            return self._technologies(reply)
        reply = self._post("organization_search", {"page": 0, "domains": [domain]})
        limits = self.limits(reply.headers)
        rows = _results(reply)
        same = [row for row in rows if domain in (norm.domain(row.get("domain")), norm.domain(row.get("website")))]
        chosen = same or rows
        if len(chosen) != 1:
            verdict: Any = "ambiguous" if chosen else "not_found"
            return Part(verdict, raw=reply.body, credits=_CREDITS, limits=limits)
        sure = _BY_PROFILE if same else _ONLY_RESULT
        return Part("matched", norm.present(_company_values(chosen[0])), sure, reply.body, _CREDITS, limits)

    def _technologies(self, reply: Reply) -> Part:
        limits = self.limits(reply.headers)
        if reply.is_missing or not norm.mapping(reply.body):
            return Part("not_found", raw=reply.body, limits=limits)
        listed = norm.objects(norm.mapping(reply.body).get("website_technologies"))
        used = norm.texts([one for one in listed if one.get("is_active") is not False])
        return Part("matched", norm.present({"tech_stack": used}), _BY_PROFILE, reply.body, _CREDITS, limits)

    def _post(self, path: str, body: Mapping[str, Any]) -> Reply:
        return self._ask("POST", f"{self._data}/{path}/", self._headers, json=dict(body))


def _results(reply: Reply) -> list[Mapping[str, Any]]:
    return norm.objects(norm.mapping(reply.body).get("search_results"))


def _present_role(roles: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The present role that began last."""
    present = [role for role in roles if role.get("is_current") is True]
    return max(present, key=lambda role: norm.text(role.get("start_date")) or "", default={})


def _person_values(found: Mapping[str, Any], role: Mapping[str, Any]) -> dict[EnrichmentField, Value | None]:
    company = norm.mapping(role, "organization")
    page = norm.linkedin(_page_of(found, "in"))
    name = norm.text(company.get("name"), 200) or norm.text(role.get("organization_name"), 200)
    return {
        "company_name": name,
        "company_industry": norm.industry(norm.mapping(company, "linkedin_info", "industry").get("name")),
        "company_website": norm.url(company.get("domain")),
        "company_linkedin_url": norm.linkedin_company(_page_of(company, "company")),
        "job_title": norm.text(role.get("role_title"), 200),
        "linkedin_url": page,
        "skills": norm.texts(found.get("skills")),
        "social_profiles": norm.profiles([("linkedin", page)]),
    }


def _company_values(found: Mapping[str, Any]) -> dict[EnrichmentField, Value | None]:
    return {
        "company_name": norm.text(found.get("name"), 200) or norm.text(found.get("legal_name"), 200),
        "company_size": norm.size(found.get("employees_range")) or norm.size(found.get("employees_amount")),
        "company_industry": norm.industry(norm.mapping(found, "linkedin_info", "industry").get("name")),
        "company_website": norm.url(found.get("website")) or norm.url(found.get("domain")),
        "company_linkedin_url": norm.linkedin_company(_page_of(found, "company")),
    }


def _page_of(found: Mapping[str, Any], path: str) -> Any:
    """A LinkedIn page as its address, or made from its name."""
    info = norm.mapping(found, "linkedin_info")
    name = norm.text(info.get("public_identifier"), 100)
    return info.get("public_profile_url") or (f"https://www.linkedin.com/{path}/{name}" if name else None)
