"""Forager's API v2. Paths hold the account's number and end with a slash; credits by kind of request."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from local.sandbox.providers import invented
from local.sandbox.providers.data_source import DataSource, Priced, Window
from local.sandbox.providers.invented import Firm, Someone, Sought
from local.sandbox.providers.quiet import parsed
from local.sandbox.wire import Headers, Request, Response, json_response

_PATH = re.compile(r"/api/(\d{1,15})/datastorage/([a-z_/]+)/")
_DETAILS = {
    400: "The request is invalid.",
    401: "Invalid API key.",
    402: "Not enough credits.",
    404: "Not found.",
    405: "Method not allowed.",
    429: "Request was throttled.",
    500: "A server error occurred.",
}
_CREDITS, _BY_EMAIL, _BY_PHONE = 1, 5, 15


class Forager(DataSource):
    """It names no limits; ours for a key that is `limited` is one request a second."""

    name = "forager"

    def _key(self, request: Request) -> str:
        return request.headers.get("x-api-key", "").strip()

    def _limit(self, _: str) -> int:
        return 60

    def _priced(self, request: Request, _: str) -> Priced:
        found = _PATH.fullmatch(request.path)
        answers: dict[str, Callable[[Mapping[str, Any]], Priced]] = {
            "person_detail_lookup": _detail,
            "person_detail_reverse_lookup/by_email": _by_email,
            "person_detail_reverse_lookup/by_phone_number": _by_phone,
            "person_role_search": _roles,
            "organization_search": _organizations,
            "website_detail_lookup": _website,
        }
        answer = answers.get(found.group(2)) if found else None
        if answer is None:
            return _failed(404)
        if request.method != "POST":
            return _failed(405)
        asked = parsed(request.body)
        return answer(asked) if isinstance(asked, dict) else _failed(400)

    def _error(self, status: int, headers: Headers = ()) -> Response:
        return json_response(status, _failed(status).body, headers)

    def _limit_headers(self, window: Window) -> Headers:
        return () if window.remaining > 0 else (("Retry-After", str(window.reset_seconds)),)


def _failed(status: int) -> Priced:
    return Priced(status, {"detail": _DETAILS[status]})


def _wrong(field: str) -> Priced:
    return Priced(400, {field: ["This field is required."]})


def _found(sought: Sought, spent: int, missing: str) -> Priced:
    one = invented.person(sought)
    about = " ".join(sought.words)
    return Priced(404, {"detail": missing}, 0, about) if one is None else Priced(200, _person(one), spent, about)


def _detail(asked: Mapping[str, Any]) -> Priced:
    slug = asked.get("linkedin_public_identifier")
    if not isinstance(slug, str) or not slug or "/" in slug:
        return _wrong("linkedin_public_identifier")
    return _found(Sought(profile=slug), _CREDITS, "Not found.")


def _by_email(asked: Mapping[str, Any]) -> Priced:
    email = asked.get("email")
    if not isinstance(email, str) or "@" not in email:
        return _wrong("email")
    return _found(Sought(email=email), _BY_EMAIL, "No person matches the given email.")


def _by_phone(asked: Mapping[str, Any]) -> Priced:
    phone = asked.get("phone_number")
    if not isinstance(phone, str) or not phone:
        return _wrong("phone_number")
    return _found(Sought(phone=phone), _BY_PHONE, "No person matches the given phone number.")


def _roles(asked: Mapping[str, Any]) -> Priced:
    name, domains = asked.get("person_name"), asked.get("organization_domains")
    if not isinstance(name, str) or (" " in name.strip() and not name.strip().startswith('"')):
        return _wrong("person_name")
    at = str(domains[0]) if isinstance(domains, list) and domains else ""
    sought = Sought(name=name.strip().strip('"'), company=at)
    one = invented.person(sought)
    rows = [] if one is None else [_role_row(one, number) for number in range(2 if sought.is_twins else 1)]
    return Priced(200, _results(rows), _CREDITS, " ".join(sought.words))


def _role_row(one: Someone, number: int) -> dict[str, Any]:
    person = {name: value for name, value in _person(one).items() if name != "roles"} | {"id": one.number + number}
    return {**_role(one), "organization": _organization(one.firm), "person": person}


def _organizations(asked: Mapping[str, Any]) -> Priced:
    domains = asked.get("domains")
    if not isinstance(domains, list) or not all(isinstance(one, str) for one in domains):
        return _wrong("domains")
    rows = [_organization(firm) for one in domains if (firm := invented.firm(one)) is not None]
    return Priced(200, _results(rows), _CREDITS, ", ".join(domains))


def _website(asked: Mapping[str, Any]) -> Priced:
    domain = asked.get("domain")
    if not isinstance(domain, str) or not domain:
        return _wrong("domain")
    firm = invented.firm(domain)
    if firm is None:
        return Priced(404, {"detail": "Not found."}, 0, domain)
    listed = [
        {"web_technology_id": number, "name": name, "is_active": number < 2}
        for number, name in enumerate(firm.technologies)
    ]
    found = {"id": firm.number, "domain": f"https://{firm.domain}", "website_technologies": listed}
    return Priced(200, found, _CREDITS, domain)


def _results(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"search_results": rows, "total_search_results": len(rows)}


def _linkedin(path: str, slug: str, industry: str) -> dict[str, Any]:
    return {
        "public_identifier": slug,
        "industry": {"id": 4, "name": industry},
        "public_profile_url": f"https://www.linkedin.com/{path}/{slug}/",
    }


def _person(one: Someone) -> dict[str, Any]:
    return {
        "id": one.number,
        "full_name": one.name,
        "first_name": one.first,
        "last_name": one.last,
        "headline": one.title,
        "skills": [{"name": name} for name in one.skills],
        "location": None,
        "linkedin_info": _linkedin("in", one.slug, one.firm.industry),
        "roles": [_role(one)],
        "educations": [],
    }


def _role(one: Someone) -> dict[str, Any]:
    firm = one.firm
    return {
        "id": one.number,
        "role_title": one.title,
        "start_date": "2023-04-01",
        "end_date": None,
        "is_current": True,
        "organization_name": firm.name,
        "organization": {
            "id": firm.number,
            "name": firm.name,
            "domain": f"https://{firm.domain}",
            "linkedin_info": _linkedin("company", firm.slug, firm.industry),
        },
    }


def _organization(firm: Firm) -> dict[str, Any]:
    return {
        "id": firm.number,
        "name": firm.name,
        "website": f"https://www.{firm.domain}",
        "domain": f"https://{firm.domain}",
        "employees_range": firm.band,
        "employees_amount": firm.people,
        "linkedin_info": _linkedin("company", firm.slug, firm.industry),
        "found_simple_events": [],
        "found_funding_events": [],
        "found_job_post_events": [],
    }
