"""The sandbox's sources of data about people, asked by our own clients and by bare requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leadflow.core import errors, seams
from leadflow.enrichment import providers
from leadflow.enrichment.enums import FIELDS, SOURCES, Generation, Source
from leadflow.enrichment.providers.contract import EnrichmentProvider
from leadflow.enrichment.rules import Answer, Person
from tests.contract.sandbox.world import MovableClock, Running, sandbox_running

ALL = frozenset(FIELDS)
ADA = Person(name="Ada Byron", email="ada.byron@acme.example")
NOBODY = Person(email="nobody@unknown-demo.example")
KINDS: tuple[tuple[Source, Generation], ...] = (
    ("people_data_labs", "2025-11-01"),
    ("crustdata", "2025-11-01"),
    ("crustdata", "legacy"),
    ("forager", "2025-11-01"),
)


@pytest.fixture
def asked(lonely: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A sandbox that our clients reach."""
    monkeypatch.setenv("STAGE", "local")
    monkeypatch.setenv("PROVIDER_BASE_URL", str(lonely.http.base_url).rstrip("/"))
    with seams.installed(seams.Seams()) as fresh:
        yield lonely
        for name, kept in fresh.kept.items():
            if name.startswith("http:"):
                kept.close()


def source(name: Source, generation: Generation = "2025-11-01", key: str = "any") -> EnrichmentProvider:
    return providers.client(name, key, "42", generation)


def spent(sandbox: Running) -> dict[str, dict[str, Any]]:
    items = sandbox.http.get("/spent").raise_for_status().json()["items"]
    return {one.pop("provider"): one for one in items}


def behave(sandbox: Running, name: str, **behaviour: Any) -> None:
    sandbox.http.put(f"/behaviour/{name}", json=behaviour).raise_for_status()


@pytest.mark.parametrize(("name", "generation"), KINDS)
def test_a_person_is_found_with_all_that_the_source_fills(asked: Running, name: Source, generation: Generation) -> None:
    client = source(name, generation)

    answer = client.lookup(ADA, ALL)

    assert answer.fields.keys() == client.fills
    assert answer.outcome == "matched"
    assert answer.fields == client.lookup(ADA, ALL).fields
    assert spent(asked)[name] == {
        "requests": 2 * answer.charged,
        "charged": 2 * answer.charged,
        "credits": 2 * answer.credits,
    }


def test_all_sources_mean_the_same_person(asked: Running) -> None:
    answers = [source(name).lookup(ADA, ALL) for name in SOURCES]

    for field in ("job_title", "company_name", "company_size"):
        assert len({str(answer.fields[field].value) for answer in answers}) == 1
    assert {answer.fields["company_name"].value for answer in answers} == {"Acme"}


@pytest.mark.parametrize(("name", "generation"), KINDS)
def test_a_miss_costs_nothing(asked: Running, name: Source, generation: Generation) -> None:
    answer = source(name, generation).lookup(NOBODY, {"job_title"})

    assert (answer.outcome, answer.charged) == ("not_found", 0)
    assert spent(asked)[name] == {"requests": 1, "charged": 0, "credits": 0}
    [kept] = asked.sent(provider=name)
    assert (kept["to"], kept["raw"]["status"] in (200, 404)) == (NOBODY.email, True)


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("reject", errors.QuotaExhausted),
        ("bad_token", errors.CredentialsRefused),
        ("rate_limit", errors.RateLimited),
        ("server_error", errors.OutcomeUnknown),
    ],
)
def test_misbehaviours(asked: Running, name: Source, mode: str, expected: type[errors.LeadflowError]) -> None:
    behave(asked, name, mode=mode, retry_after=7, match="ada.byron")

    with pytest.raises(expected) as caught:
        source(name).lookup(ADA, {"job_title"})

    assert type(caught.value) is expected
    assert spent(asked)[name]["charged"] == 0
    if isinstance(caught.value, errors.RateLimited):
        assert 6 <= caught.value.retry_after_seconds <= 7
    assert source(name).lookup(Person(email="bob@acme.example"), {"job_title"}).outcome == "matched"


def test_a_key_may_have_nothing_left_or_show_what_a_free_plan_does(asked: Running) -> None:
    with pytest.raises(errors.QuotaExhausted):
        source("people_data_labs", key="empty").lookup(ADA, {"job_title"})

    answer = source("people_data_labs", key="free").lookup(ADA, {"job_title"})
    assert answer.raw["person"]["data"]["work_email"] is True
    answer = source("people_data_labs", key="any-free-unlimited-non-empty-key").lookup(ADA, {"job_title"})
    assert answer.raw["person"]["data"]["work_email"] is not True


def test_the_documented_limits_hold_for_a_key_that_is_limited(asked: Running, clock: MovableClock) -> None:
    clock.advance(60 - clock() % 60)
    client = source("crustdata", key="limited")
    for _ in range(15):
        client.lookup(ADA, {"job_title"})

    with pytest.raises(errors.RateLimited) as caught:
        client.lookup(ADA, {"job_title"})
    assert 1 <= caught.value.retry_after_seconds <= 60
    assert spent(asked)["crustdata"]["charged"] == 15
    clock.advance(60)
    assert client.lookup(ADA, {"job_title"}).limits.remaining == 14


@pytest.mark.parametrize("name", ["people_data_labs", "crustdata"])
def test_many_at_once(asked: Running, name: Source) -> None:
    people = [Person(email=f"lead{number}@acme.example") for number in range(20)] + [NOBODY]

    answers = source(name).lookup_many(people, {"job_title"})

    assert [one.outcome for one in answers if isinstance(one, Answer)] == ["matched"] * 20 + ["not_found"]
    assert spent(asked)[name] == {"requests": 1, "charged": 20, "credits": 20}
    alone = source(name).lookup(people[3], {"job_title"})
    assert isinstance(answers[3], Answer)
    assert answers[3].fields == alone.fields


def test_many_profiles_at_once_at_crustdata_before_2025_11(asked: Running) -> None:
    client = source("crustdata", "legacy")
    people = [Person(linkedin_url=f"linkedin.com/in/lead{number}-acme") for number in range(24)]
    people.append(Person(linkedin_url="linkedin.com/in/nobody-acme"))

    answers = client.lookup_many(people, {"job_title"})

    assert [one.outcome for one in answers if isinstance(one, Answer)] == ["matched"] * 24 + ["not_found"]
    assert spent(asked)["crustdata"] == {"requests": 1, "charged": 24, "credits": 72}
    alone = client.lookup(people[3], {"job_title"})
    assert isinstance(answers[3], Answer)
    assert answers[3].fields == alone.fields
    assert client.shared_kind(people[3], {"job_title"}) == "profile"
    assert client.shared_kind(ADA, {"job_title"}) is None


def test_twins_are_nobody_in_particular(asked: Running) -> None:
    assert source("crustdata").lookup(Person(email="twins@acme.example"), ALL).outcome == "ambiguous"
    twins = Person(name="Ada Twins", company_website="acme.example")
    assert source("forager").lookup(twins, {"job_title"}).outcome == "ambiguous"


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("POST", "/people_data_labs/v5/person/enrich", {}, {"email": "a@b.example"}, 401),
        ("POST", "/people_data_labs/v5/person/enrich", {"X-Api-Key": "k"}, {"name": "Ada"}, 400),
        (
            "POST",
            "/people_data_labs/v5/person/enrich",
            {"X-Api-Key": "k"},
            {"email": "a@b.example", "min_likelihood": 11},
            400,
        ),
        ("POST", "/people_data_labs/v5/person/enrich", {"X-Api-Key": "k"}, [1], 400),
        ("POST", "/people_data_labs/v5/company/enrich", {"X-Api-Key": "k"}, {}, 405),
        ("POST", "/people_data_labs/v5/person/bulk", {"X-Api-Key": "k"}, {"requests": []}, 400),
        ("GET", "/people_data_labs/v5/person/enrich?email=a@b.example&api_key=k", {}, None, 200),
        ("POST", "/people_data_labs/v6", {"X-Api-Key": "k"}, {}, 404),
        ("POST", "/crustdata/person/enrich", {"Authorization": "Token k"}, {}, 401),
        ("POST", "/crustdata/person/enrich", {"Authorization": "Bearer k"}, {"business_emails": ["a@b.example"]}, 400),
        ("GET", "/crustdata/screener/person/enrich", {"Authorization": "Bearer k"}, None, 401),
        ("GET", "/crustdata/screener/person/enrich", {"Authorization": "Token k"}, None, 400),
        ("GET", "/crustdata/screener/company?company_domain=unknown.example", {"Authorization": "Token k"}, None, 200),
        ("POST", "/forager/api/42/datastorage/person_detail_lookup", {"X-API-KEY": "k"}, {}, 404),
        ("POST", "/forager/api/42/datastorage/person_detail_lookup/", {"X-API-KEY": "k"}, {}, 400),
        ("GET", "/forager/api/42/datastorage/organization_search/", {"X-API-KEY": "k"}, None, 405),
        (
            "POST",
            "/forager/api/42/datastorage/person_role_search/",
            {"X-API-KEY": "k"},
            {"person_name": "Ada Byron"},
            400,
        ),
    ],
)
def test_bare_requests(
    lonely: Running, method: str, path: str, headers: dict[str, str], body: Any, status: int
) -> None:
    answer = lonely.http.request(method, path, headers=headers, json=body)

    assert answer.status_code == status, answer.text
    assert isinstance(answer.json(), dict | list)


def test_a_gated_group_fails_the_whole_request(lonely: Running) -> None:
    headers = {"Authorization": "Bearer k", "x-api-version": "2025-11-01"}
    body = {"business_emails": ["a@b.example"], "fields": ["contact"]}

    assert lonely.http.post("/crustdata/person/enrich", json=body, headers=headers).status_code == 403


def test_what_was_spent_is_told_after_a_restart_without_keys(tmp_path: Path) -> None:
    headers = {"X-Api-Key": "very-secret"}
    with sandbox_running(tmp_path) as running:
        running.http.post("/people_data_labs/v5/person/enrich", json={"email": "a@b.example"}, headers=headers)
    with sandbox_running(tmp_path) as running:
        assert spent(running)["people_data_labs"]["credits"] == 1
        assert "very-secret" not in str(running.sent())
        assert running.http.get("/").status_code == 200
