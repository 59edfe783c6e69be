"""CrustData's API of version 2025-11-01, and the one before it. A person costs a credit, a company two; misses none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.sandbox.providers import crustdata_legacy, invented
from local.sandbox.providers.data_source import DataSource, Priced, Window
from local.sandbox.providers.invented import Firm, Someone, Sought
from local.sandbox.providers.quiet import parsed
from local.sandbox.wire import Headers, Request, Response, json_response

_VERSION = "2025-11-01"
_MOST_AT_ONCE = 25
_ERRORS = {
    400: ("invalid_request", "The request body is invalid."),
    401: ("unauthorized", "Invalid API key."),
    402: ("insufficient_credits", "Not enough credits to complete this request."),
    403: ("permission_error", "Your plan does not include a requested field."),
    404: ("not_found", "No such path."),
    429: ("rate_limit_exceeded", "Too many requests."),
    500: ("internal_error", "Something went wrong."),
}
_PERSON_GROUPS = ("basic_profile", "social_handles", "experience", "education", "skills", "professional_network")
_GATED_GROUPS = ("contact", "dev_platform_profiles")
_USUAL_PERSON_GROUPS = ("basic_profile", "social_handles")
_COMPANY_GROUPS = ("basic_info", "headcount", "funding", "locations", "taxonomy", "revenue", "social_profiles")


class CrustData(DataSource):
    """The key comes as `Bearer` to this version, as `Token` to the one before."""

    name = "crustdata"

    def _key(self, request: Request) -> str:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        wanted = "token" if request.path.startswith("/screener/") else "bearer"
        return key.strip() if scheme.lower() == wanted else ""

    def _limit(self, path: str) -> int:
        return 60 if path.startswith("/screener/") else 15

    def _priced(self, request: Request, _: str) -> Priced:
        if request.path.startswith("/screener/"):
            return crustdata_legacy.priced(request)
        if request.method != "POST" or request.headers.get("x-api-version") != _VERSION:
            return failed(400)
        asked = parsed(request.body)
        if not isinstance(asked, dict):
            return failed(400)
        match request.path:
            case "/person/enrich":
                return _people(asked)
            case "/company/enrich":
                return _companies(asked)
            case _:
                return failed(404)

    def _error(self, status: int, headers: Headers = ()) -> Response:
        return json_response(status, failed(status).body, headers)

    def _limit_headers(self, window: Window) -> Headers:
        return (
            ("x-ratelimit-limit", str(window.limit)),
            ("x-ratelimit-remaining", str(max(0, window.remaining))),
            ("x-ratelimit-reset", str(window.reset_seconds)),
        )

    def _credit_headers(self, priced: Priced) -> Headers:
        return (("x-credits-used", str(priced.credits)),)


def failed(status: int) -> Priced:
    kind, message = _ERRORS[status]
    return Priced(status, {"error": {"type": kind, "message": message, "metadata": []}})


def _listed(asked: Mapping[str, Any], kinds: tuple[str, ...]) -> tuple[str, list[str]] | None:
    """The one kind of identifier that is there, and 1 to 25 of them."""
    given = [kind for kind in kinds if asked.get(kind)]
    values = asked[given[0]] if len(given) == 1 else None
    if not isinstance(values, list) or not 1 <= len(values) <= _MOST_AT_ONCE:
        return None
    return (given[0], values) if all(isinstance(one, str) and one for one in values) else None


def _groups(asked: Mapping[str, Any], known: tuple[str, ...], usual: tuple[str, ...]) -> tuple[str, ...] | None:
    wanted = asked.get("fields", list(usual))
    if not isinstance(wanted, list) or not all(one in known for one in wanted):
        return None
    return tuple(wanted)


def _people(asked: Mapping[str, Any]) -> Priced:
    listed = _listed(asked, ("professional_network_profile_urls", "business_emails"))
    groups = _groups(asked, (*_PERSON_GROUPS, *_GATED_GROUPS), _USUAL_PERSON_GROUPS)
    if listed is None or groups is None:
        return failed(400)
    if any(one in _GATED_GROUPS for one in groups):
        return failed(403)
    kind, values = listed
    by_email = kind == "business_emails"
    items, spent = [], 0
    for value in values:
        sought = Sought(email=value) if by_email else Sought(profile=value)
        one = invented.person(sought)
        matches = [] if one is None else [_match(one, groups)] * (2 if sought.is_twins else 1)
        spent += int(bool(matches))
        match_type = "business_email" if by_email else "professional_network_profile_url"
        items.append({"matched_on": value, "match_type": match_type, "matches": matches})
    return Priced(200, items, spent, ", ".join(values), spent)


def _match(one: Someone, groups: tuple[str, ...]) -> dict[str, Any]:
    data = {name: value for name, value in _person(one).items() if name in groups}
    return {"confidence_score": round(one.sure, 2), "person_data": {"crustdata_person_id": one.number, **data}}


def _companies(asked: Mapping[str, Any]) -> Priced:
    listed = _listed(asked, ("domains", "names", "professional_network_profile_urls"))
    groups = _groups(asked, _COMPANY_GROUPS, ("basic_info",))
    if listed is None or groups is None:
        return failed(400)
    kind, values = listed
    items, charged = [], 0
    for value in values:
        found = invented.firm(value if kind == "domains" else f"{invented.slug_of(value)}.example")
        charged += int(found is not None)
        data = {} if found is None else {name: each for name, each in _company(found).items() if name in groups}
        matches = [{"confidence_score": 1.0, "company_data": data}] if found else []
        items.append({"matched_on": value, "match_type": kind.removesuffix("s"), "matches": matches})
    return Priced(200, items, 2 * charged, ", ".join(values), charged)


def _person(one: Someone) -> dict[str, Any]:
    firm = one.firm
    job = {
        "name": firm.name,
        "title": one.title,
        "start_date": "2023-04-01T00:00:00",
        "end_date": None,
        "is_default": True,
        "company_professional_network_profile_url": f"https://www.linkedin.com/company/{firm.slug}",
        "crustdata_company_id": firm.number,
    }
    return {
        "basic_profile": {"name": one.name, "headline": one.title, "current_title": one.title, "summary": None},
        "social_handles": {
            "professional_network_identifier": {"profile_url": f"https://www.linkedin.com/in/{one.slug}"},
            "twitter_identifier": {"slug": one.handle},
            "dev_platform_identifier": {"profile_url": f"https://github.com/{one.handle}"},
        },
        "experience": {"employment_details": {"current": [job], "past": []}},
        "education": {"schools": []},
        "skills": {"professional_network_skills": list(one.skills)},
        "professional_network": {"connections": one.number % 3000, "followers": one.number % 5000},
    }


def _company(firm: Firm) -> dict[str, Any]:
    return {
        "basic_info": {
            "name": firm.name,
            "primary_domain": firm.domain,
            "website": f"https://www.{firm.domain}",
            "professional_network_url": f"https://www.linkedin.com/company/{firm.slug}",
            "employee_count_range": firm.band,
            "industries": [firm.industry],
        },
        "headcount": {"total": firm.people},
        "funding": {
            "total_investment_usd": firm.raised,
            "last_fundraise_date": firm.funded_on,
            "last_round_type": firm.stage,
        },
        "locations": {"headquarters": None},
        "taxonomy": {"professional_network_industry": firm.industry, "categories": []},
        "revenue": {},
        "social_profiles": {"twitter_url": f"https://twitter.com/{firm.slug}"},
    }
