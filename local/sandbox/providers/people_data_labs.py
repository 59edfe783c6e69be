"""People Data Labs' v5 API: person and company enrichment. A match costs a credit, a miss nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local.sandbox.providers import invented
from local.sandbox.providers.data_source import DataSource, Priced, Window
from local.sandbox.providers.invented import Firm, Someone, Sought
from local.sandbox.providers.quiet import parsed
from local.sandbox.wire import Headers, Request, Response, json_response

_MOST_AT_ONCE = 100
_ERRORS = {
    400: ("invalid_request_error", "Request contained either missing or invalid parameters"),
    401: ("authentication_error", "Request contained a missing or invalid API key"),
    402: ("payment_required", "You have reached your account maximum (all matches have been used)"),
    404: ("not_found", "No records were found matching your request"),
    405: ("invalid_request_error", "Request method is not allowed on the requested resource"),
    429: ("rate_limit_error", "An error occurred due to requests hitting the API too quick"),
    500: ("api_error", "The server encountered an unexpected condition which prevented it from fulfilling the request"),
}
# What a free plan tells by true or false alone.
_PAID = (
    "work_email",
    "personal_emails",
    "recommended_personal_email",
    "mobile_phone",
    "phone_numbers",
    "emails",
    "street_addresses",
    "location_street_address",
    "location_postal_code",
    "birth_date",
)


class PeopleDataLabs(DataSource):
    """The key comes as X-Api-Key or as `api_key` in the query."""

    name = "people_data_labs"

    def _key(self, request: Request) -> str:
        return (request.headers.get("x-api-key") or request.query.get("api_key") or "").strip()

    def _limit(self, path: str) -> int:
        return 100 if path == "/v5/company/enrich" else 1000

    def _priced(self, request: Request, key: str) -> Priced:
        match request.path, request.method:
            case ("/v5/person/enrich", "GET"):
                return self._person(request.query, key)
            case ("/v5/person/enrich", "POST"):
                return self._person(parsed(request.body), key)
            case ("/v5/person/bulk", "POST"):
                return self._bulk(parsed(request.body), key)
            case ("/v5/company/enrich", "GET"):
                return self._company(request.query)
            case ("/v5/person/enrich" | "/v5/person/bulk" | "/v5/company/enrich", _):
                return _failed(405)
            case _:
                return _failed(404)

    def _person(self, asked: Any, key: str) -> Priced:
        if not isinstance(asked, dict) or not _is_enough(asked) or not _likelihood(asked):
            return _failed(400)
        sought = _sought(asked)
        found = invented.person(sought)
        likelihood = round(found.sure * 10) if found else 0
        if found is None or likelihood < _likelihood(asked):
            return _failed(404, about=" ".join(sought.words))
        data = _shown(_data(found), asked)
        if key == "free":
            data |= {name: bool(data[name]) for name in _PAID}
        body: dict[str, Any] = {"status": 200, "likelihood": likelihood, "data": data}
        if _is_on(asked.get("include_if_matched")):
            body["matched"] = [name for name in ("profile", "email", "phone", "name", "company") if asked.get(name)]
        return Priced(200, body, 1, " ".join(sought.words))

    def _bulk(self, asked: Any, key: str) -> Priced:
        listed = asked.get("requests") if isinstance(asked, dict) else None
        if not isinstance(listed, list) or not 1 <= len(listed) <= _MOST_AT_ONCE:
            return _failed(400)
        shared = {name: value for name, value in asked.items() if name != "requests"}
        answers = []
        for one in listed:
            params = one.get("params") if isinstance(one, dict) else None
            priced = self._person({**shared, **params} if isinstance(params, dict) else None, key)
            metadata = one.get("metadata") if isinstance(one, dict) else None
            answers.append((priced, priced.body | ({"metadata": metadata} if metadata is not None else {})))
        about = ", ".join(priced.about for priced, _ in answers)
        spent = sum(priced.credits for priced, _ in answers)
        return Priced(200, [body for _, body in answers], spent, about, spent)

    def _company(self, asked: Mapping[str, str]) -> Priced:
        given = [asked.get(name, "") for name in ("website", "profile", "name")]
        if not any(given) or not _likelihood(asked):
            return _failed(400)
        site, profile, name = given
        found = invented.firm(site or f"{invented.slug_of(profile or name)}.example")
        about = site or profile or name
        if found is None:
            return _failed(404, about=about)
        sure = 9 if site or profile else 5
        return Priced(200, {"status": 200, **_shown(_firm(found), asked), "likelihood": sure}, 1, about)

    def _error(self, status: int, headers: Headers = ()) -> Response:
        return json_response(status, _failed(status).body, headers)

    def _limit_headers(self, window: Window) -> Headers:
        left = max(0, window.remaining)
        until = datetime.fromtimestamp(self._world.clock() + window.reset_seconds, UTC)
        return (
            ("x-ratelimit-limit", json.dumps({"minute": window.limit, "day": None, "month": None})),
            ("x-ratelimit-remaining", json.dumps({"minute": left, "day": None, "month": None})),
            ("x-ratelimit-reset", until.strftime("%Y-%m-%dT%H:%M:%SZ")),
        )

    def _credit_headers(self, priced: Priced) -> Headers:
        return (("x-call-credits-spent", str(priced.credits)), ("x-call-credits-type", "enrich"))


def _failed(status: int, about: str = "") -> Priced:
    kind, message = _ERRORS[status]
    return Priced(status, {"status": status, "error": {"type": kind, "message": message}}, 0, about)


def _is_enough(asked: Mapping[str, Any]) -> bool:
    by_itself = any(asked.get(name) for name in ("profile", "email", "phone", "email_hash", "lid", "pdl_id"))
    named = asked.get("name") or (asked.get("first_name") and asked.get("last_name"))
    return by_itself or bool(named and any(asked.get(name) for name in ("company", "school", "location", "locality")))


def _likelihood(asked: Mapping[str, Any]) -> int:
    """The least likelihood that is wanted, 1 to 10; 0 for one that is none."""
    text = str(asked.get("min_likelihood", 2))
    return int(text) if text.isascii() and text.isdecimal() and 1 <= int(text) <= 10 else 0


def _sought(asked: Mapping[str, Any]) -> Sought:
    given = {name: value[0] if isinstance(value, list) and value else value for name, value in asked.items()}
    full = " ".join(str(given[name]) for name in ("first_name", "last_name") if given.get(name))
    return Sought(
        email=str(given.get("email") or ""),
        profile=str(given.get("profile") or ""),
        phone=str(given.get("phone") or ""),
        name=str(given.get("name") or full),
        company=str(given.get("company") or ""),
    )


def _is_on(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def _shown(record: dict[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Texts are in lower case unless capitals are asked for."""
    return record if _is_on(asked.get("titlecase")) else {name: _lower(value) for name, value in record.items()}


def _lower(value: Any) -> Any:
    if isinstance(value, list):
        return [_lower(one) for one in value]
    return value.lower() if isinstance(value, str) else value


def _data(one: Someone) -> dict[str, Any]:
    firm = one.firm
    return {
        "id": f"pdl{one.number}_0000",
        "full_name": one.name,
        "first_name": one.first,
        "last_name": one.last,
        "birth_date": None,
        "linkedin_url": f"linkedin.com/in/{one.slug}",
        "linkedin_username": one.slug,
        "twitter_url": f"twitter.com/{one.handle}",
        "twitter_username": one.handle,
        "github_url": f"github.com/{one.handle}",
        "github_username": one.handle,
        "facebook_url": None,
        "work_email": one.email,
        "personal_emails": [],
        "recommended_personal_email": None,
        "mobile_phone": None,
        "phone_numbers": [],
        "emails": [{"address": one.email, "type": "current_professional"}],
        "industry": firm.industry,
        "job_title": one.title,
        "job_title_levels": [],
        "job_company_id": f"pdlc{firm.number}",
        "job_company_name": firm.name,
        "job_company_website": firm.domain,
        "job_company_size": firm.band,
        "job_company_founded": 2016,
        "job_company_industry": firm.industry,
        "job_company_linkedin_url": f"linkedin.com/company/{firm.slug}",
        "street_addresses": [],
        **dict.fromkeys(("location_name", "location_street_address", "location_postal_code")),
        "skills": list(one.skills),
        **{name: [] for name in ("interests", "experience", "education")},
        "profiles": [{"network": "linkedin", "url": f"linkedin.com/in/{one.slug}", "username": one.slug, "id": None}],
    }


def _firm(firm: Firm) -> dict[str, Any]:
    return {
        "id": f"pdlc{firm.number}",
        "name": firm.name,
        "display_name": firm.name,
        "size": firm.band,
        "employee_count": firm.people,
        "founded": 2016,
        "industry": firm.industry,
        "industry_v2": firm.industry,
        "linkedin_url": f"linkedin.com/company/{firm.slug}",
        "website": firm.domain,
        "ticker": None,
        "type": "private",
        "tags": [],
        "total_funding_raised": firm.raised,
        "latest_funding_stage": firm.stage,
        "last_funding_date": firm.funded_on,
    }
