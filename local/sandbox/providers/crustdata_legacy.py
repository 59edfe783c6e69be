"""CrustData's API before 2025-11-01: `GET /screener/…`. A person costs three credits, a company one; misses none."""

from __future__ import annotations

from typing import Any

from local.sandbox.providers import invented
from local.sandbox.providers.data_source import Priced
from local.sandbox.providers.invented import Firm, Someone, Sought
from local.sandbox.wire import Request

_MOST_AT_ONCE = 25
_PERSON_CREDITS = 3


def priced(request: Request) -> Priced:
    match request.method, request.path:
        case ("GET", "/screener/person/enrich"):
            return _people(request)
        case ("GET", "/screener/company"):
            return _companies(request)
        case _:
            return Priced(404, {"error": "No such path."})


def _people(request: Request) -> Priced:
    profiles, email = request.query.get("linkedin_profile_url", ""), request.query.get("business_email", "")
    urls = [one.strip() for one in profiles.split(",") if one.strip()]
    if bool(urls) == bool(email) or len(urls) > _MOST_AT_ONCE:
        return Priced(400, {"error": "Give linkedin_profile_url or business_email."})
    sought = [Sought(email=email)] if email else [Sought(profile=url) for url in urls]
    found = [invented.person(one) for one in sought]
    about = email or profiles
    if len(found) == 1 and found[0] is None:
        return Priced(404, _missing(about), 0, about)
    items = [_person(one, asked) if one else _missing(asked.profile) for one, asked in zip(found, sought, strict=True)]
    charged = sum(one is not None for one in found)
    return Priced(200, items, _PERSON_CREDITS * charged, about, charged)


def _missing(asked: str) -> dict[str, Any]:
    return {
        "error_code": "PE03",
        "error": f"No data found for the LinkedIn profile: {asked}. Data will be enriched shortly.",
        "linkedin_profile_url": asked,
        "did_last_linkedin_enrichment_succeed": False,
    }


def _companies(request: Request) -> Priced:
    domains, name, page = (
        request.query.get(key, "") for key in ("company_domain", "company_name", "company_linkedin_url")
    )
    about = domains or name or page
    if not about:
        return Priced(400, {"error": "Give company_domain, company_name or company_linkedin_url."})
    asked = [one.strip() for one in domains.split(",") if one.strip()] or [f"{invented.slug_of(page or name)}.example"]
    found = [firm for one in asked if (firm := invented.firm(one)) is not None]
    if not found:
        return Priced(200, {"message": "The company will be enriched within 24 hours."}, 0, about)
    return Priced(200, [_company(one) for one in found], len(found), about, len(found))


def _person(one: Someone, sought: Sought) -> dict[str, Any]:
    firm = one.firm
    job = {
        "employer_name": firm.name,
        "employer_company_website_domain": [firm.domain],
        "employee_title": one.title,
        "start_date": "2023-04-01T00:00:00+00:00",
        "end_date": None,
    }
    found: dict[str, Any] = {
        "linkedin_profile_url": f"https://www.linkedin.com/in/ACoA{one.number}",
        "linkedin_flagship_url": f"https://www.linkedin.com/in/{one.slug}",
        "name": one.name,
        "title": one.title,
        "headline": one.title,
        "skills": list(one.skills),
        "twitter_handle": one.handle,
        "current_employers": [job],
        "past_employers": [],
        "person_id": one.number,
        "enriched_realtime": False,
    }
    return found | ({"score": round(one.sure, 2)} if sought.email else {})


def _company(firm: Firm) -> dict[str, Any]:
    return {
        "company_id": firm.number,
        "company_name": firm.name,
        "linkedin_profile_url": f"https://www.linkedin.com/company/{firm.slug}",
        "company_website_domain": firm.domain,
        "company_website": f"https://www.{firm.domain}",
        "domains": [firm.domain],
        "is_full_domain_match": True,
        "employee_count_range": firm.band,
        "taxonomy": {"linkedin_industries": [firm.industry]},
        "headcount": {"linkedin_headcount": firm.people},
        "funding_and_investment": {
            "crunchbase_total_investment_usd": firm.raised,
            "last_funding_round_type": firm.stage,
        },
    }
