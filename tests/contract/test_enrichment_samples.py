"""Our clients against what the sources really answer, and against what they had better not answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadflow.core import errors, seams
from leadflow.enrichment import providers
from leadflow.enrichment.enums import FIELDS, SOURCES, Generation, Source
from leadflow.enrichment.providers.contract import EnrichmentProvider
from leadflow.enrichment.rules import Answer, Person
from tests.unit.enrichment.test_normalising import ANY_JSON

SAMPLES = Path(__file__).parents[2] / "events" / "providers"
ANA = Person(name="Ana Ruiz", email="ana@acme-demo.example", linkedin_url="linkedin.com/in/ana-ruiz-demo")
ALL = frozenset(FIELDS)
KINDS: tuple[tuple[Source, Generation], ...] = (
    ("people_data_labs", "2025-11-01"),
    ("crustdata", "2025-11-01"),
    ("crustdata", "legacy"),
    ("forager", "2025-11-01"),
)


def sample(source: str, name: str) -> Any:
    return json.loads((SAMPLES / source / f"{name}.json").read_text(encoding="utf-8"))


class World:
    """Answers each request with the next of its answers, the last again and again, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any, dict[str, str]]] = []
        self.asked: list[httpx.Request] = []

    def says(self, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.answers.append((status, body, headers or {}))

    def take(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        status, body, headers = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return httpx.Response(status, content=content, headers=headers)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with installed(made):
        yield made


def installed(world: World) -> Any:
    """Each source's kept client is one that asks this world."""
    clients = {
        f"http:{source}": httpx.Client(transport=httpx.MockTransport(world.take), base_url="https://source.test")
        for source in SOURCES
    }
    return seams.installed(seams.Seams(kept=dict(clients)))


def source(name: Source, generation: Generation = "2025-11-01") -> EnrichmentProvider:
    return providers.client(name, "a-key", "42", generation)


def values(answer: Answer) -> dict[str, Any]:
    return {name: found.value for name, found in answer.fields.items()}


def test_people_data_labs_knows_a_person(world: World) -> None:
    world.says(sample("people_data_labs", "person_200"), headers=sample("people_data_labs", "headers_200"))
    world.says(sample("people_data_labs", "company_200"))

    answer = source("people_data_labs").lookup(ANA, ALL)

    assert values(answer) == {
        "company_name": "acme demo",
        "company_size": "201-500",
        "company_industry": "Software Development",
        "company_website": "https://acme-demo.example",
        "company_linkedin_url": "https://linkedin.com/company/acme-demo",
        "company_funding": "$42,000,000 raised, latest Series B on 2024-06-18",
        "job_title": "vp of revenue operations",
        "linkedin_url": "https://linkedin.com/in/ana-ruiz-demo",
        "twitter_url": "https://twitter.com/anaruizdemo",
        "github_url": "https://github.com/anaruizdemo",
        "skills": ["revenue operations", "salesforce", "sql", "forecasting"],
        "social_profiles": {
            "linkedin": "https://linkedin.com/in/ana-ruiz-demo",
            "twitter": "https://twitter.com/anaruizdemo",
            "github": "https://github.com/anaruizdemo",
        },
    }
    assert (answer.outcome, answer.confidence, answer.charged, answer.credits) == ("matched", 0.9, 2, 2)
    assert answer.raw["person"]["data"]["full_name"] == "ana ruiz"
    first, second = world.asked
    assert (first.method, first.url.path, second.url.path) == ("POST", "/v5/person/enrich", "/v5/company/enrich")
    assert first.headers["x-api-key"] == "a-key"
    assert "a-key" not in str(first.url)
    assert "ana@" not in str(first.url)
    assert second.url.params["website"] == "acme-demo.example"


def test_people_data_labs_tells_its_limits(world: World) -> None:
    world.says(sample("people_data_labs", "person_200"), headers=sample("people_data_labs", "headers_200"))

    answer = source("people_data_labs").lookup(ANA, {"job_title"})

    assert answer.limits.remaining == 998
    assert answer.limits.reset_seconds == 1  # the sample's window is long over
    assert len(world.asked) == 1


def test_what_a_free_plan_tells_by_true_or_false_is_absent(world: World) -> None:
    told = sample("people_data_labs", "person_free_plan_booleans")
    told["data"] |= dict.fromkeys(("job_title", "skills", "linkedin_url", "job_company_name", "profiles"), True)
    told["data"]["linkedin_username"] = True
    world.says(told)

    answer = source("people_data_labs").lookup(ANA, {"job_title", "skills", "linkedin_url", "company_name"})

    assert values(answer) == {}
    assert (answer.outcome, answer.charged) == ("partial", 1)


def test_a_miss_is_an_answer_that_costs_nothing(world: World) -> None:
    misses: list[tuple[Source, Generation, str, int]] = [
        ("people_data_labs", "2025-11-01", "person_404", 404),
        ("crustdata", "2025-11-01", "person_not_found_v2025-11-01", 200),
        ("crustdata", "legacy", "person_not_found", 200),
        ("crustdata", "legacy", "person_not_found", 404),
        ("forager", "2025-11-01", "reverse_404", 404),
        ("forager", "2025-11-01", "contacts_empty", 200),
    ]
    for name, generation, file, status in misses:
        world.answers = [(status, sample(name, file), {})]
        answer = source(name, generation).lookup(ANA, {"job_title"})
        assert (answer.outcome, answer.charged, answer.credits) == ("not_found", 0, 0), (name, file, status)
        assert answer.raw, "a miss is kept as well"
    world.answers = [(200, b"", {})]
    assert source("forager").lookup(ANA, {"job_title"}).outcome == "not_found"


def test_crustdata_knows_a_person(world: World) -> None:
    world.says(sample("crustdata", "person_200_v2025-11-01"))
    world.says(sample("crustdata", "company_200_v2025-11-01"), headers={"x-credits-used": "2"})

    answer = source("crustdata").lookup(Person(email="ana@acme-demo.example"), ALL)

    found = values(answer)
    assert found["company_size"] == "201-500"
    assert found["company_industry"] == "Software Development"
    assert found["company_website"] == "https://www.acme-demo.example"
    assert found["company_funding"] == "$42,000,000 raised, latest Series B on 2024-06-18"
    assert found["job_title"] == "VP of Revenue Operations"
    assert found["linkedin_url"] == "https://www.linkedin.com/in/ana-ruiz-demo"
    assert found["twitter_url"] == "https://twitter.com/anaruizdemo"
    assert found["skills"] == ["Revenue Operations", "Salesforce", "SQL"]
    assert (answer.outcome, answer.confidence, answer.charged, answer.credits) == ("partial", 0.95, 2, 3)
    first = world.asked[0]
    asked = json.loads(first.content)
    assert (first.headers["authorization"], first.headers["x-api-version"]) == ("Bearer a-key", "2025-11-01")
    assert asked["business_emails"] == ["ana@acme-demo.example"]
    assert "contact" not in asked["fields"]


def test_crustdata_knew_a_person_before_2025_11(world: World) -> None:
    world.says(sample("crustdata", "person_200"))
    world.says(sample("crustdata", "company_200"))

    answer = source("crustdata", "legacy").lookup(ANA, ALL)

    found = values(answer)
    assert found["company_name"] == "Acme Demo"
    assert found["company_website"] == "https://acme-demo.example"
    assert found["company_size"] == "201-500"
    assert found["linkedin_url"] == "https://www.linkedin.com/in/ana-ruiz-demo"
    assert (answer.confidence, answer.charged, answer.credits) == (0.95, 2, 4)
    first, second = world.asked
    assert (first.method, first.headers["authorization"]) == ("GET", "Token a-key")
    assert first.url.params["linkedin_profile_url"] == "https://linkedin.com/in/ana-ruiz-demo"
    assert second.url.params["company_domain"] == "acme-demo.example"


def test_two_matches_that_are_alike_are_nobody_in_particular(world: World) -> None:
    told = sample("crustdata", "person_200_v2025-11-01")
    told[0]["matches"] *= 2
    world.says(told)

    answer = source("crustdata").lookup(ANA, {"job_title"})

    assert (answer.outcome, values(answer), answer.charged) == ("ambiguous", {}, 1)


def test_forager_knows_a_person_their_company_and_its_technologies(world: World) -> None:
    world.says(sample("forager", "person_200"))
    world.says(sample("forager", "organization_search_200"))
    world.says(sample("forager", "website_200"))

    answer = source("forager").lookup(ANA, ALL)

    found = values(answer)
    assert found == {
        "company_name": "Acme Demo",
        "company_size": "201-500",
        "company_industry": "Software Development",
        "company_website": "https://acme-demo.example",
        "company_linkedin_url": "https://www.linkedin.com/company/acme-demo/",
        "job_title": "VP of Revenue Operations",
        "linkedin_url": "https://www.linkedin.com/in/ana-ruiz-demo/",
        "skills": ["Revenue Operations", "Salesforce", "SQL"],
        "social_profiles": {"linkedin": "https://www.linkedin.com/in/ana-ruiz-demo/"},
        "tech_stack": ["HubSpot"],
    }
    assert (answer.outcome, answer.charged, answer.credits) == ("matched", 3, 3)
    paths = [request.url.path for request in world.asked]
    assert paths[0] == "/api/42/datastorage/person_detail_lookup/"
    assert json.loads(world.asked[0].content) == {"linkedin_public_identifier": "ana-ruiz-demo"}
    assert paths[1:] == ["/api/42/datastorage/organization_search/", "/api/42/datastorage/website_detail_lookup/"]


def test_forager_finds_the_one_of_a_name_at_a_company(world: World) -> None:
    told = sample("forager", "role_search_200")
    world.says(told)
    someone = Person(name='Ana "A" Ruiz', company_website="https://www.acme-demo.example")

    answer = source("forager").lookup(someone, {"job_title", "linkedin_url"})

    assert values(answer)["job_title"] == "VP of Revenue Operations"
    asked = json.loads(world.asked[0].content)
    assert (asked["person_name"], asked["organization_domains"]) == ('"Ana  A  Ruiz"', ["acme-demo.example"])
    another = json.loads(json.dumps(told["search_results"][0]))
    another["person"]["id"] = 1
    world.answers = [(200, {"search_results": [told["search_results"][0], another]}, {})]
    assert source("forager").lookup(someone, {"job_title"}).outcome == "ambiguous"
    world.answers = [(200, sample("forager", "empty"), {})]
    assert source("forager").lookup(someone, {"job_title"}).outcome == "not_found"


@pytest.mark.parametrize(("name", "generation"), KINDS)
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, errors.UpstreamRejected),
        (401, errors.CredentialsRefused),
        (402, errors.QuotaExhausted),
        (429, errors.RateLimited),
        (302, errors.UpstreamRejected),
        (500, errors.OutcomeUnknown),
    ],
)
def test_refusals(
    world: World, name: Source, generation: Generation, status: int, expected: type[errors.LeadflowError]
) -> None:
    world.says({"error": {"type": "x", "message": "no ana@acme-demo.example"}}, status)

    with pytest.raises(expected) as caught:
        source(name, generation).lookup(ANA, ALL)

    assert type(caught.value) is expected
    assert "ana" not in caught.value.detail.lower()


def test_gone_credits_and_missing_plans_are_not_a_bad_key(world: World) -> None:
    world.says(sample("crustdata", "error_402_v2025-11-01"), 403)
    with pytest.raises(errors.QuotaExhausted):
        source("crustdata").lookup(ANA, ALL)
    world.answers = [(403, {"error": {"type": "permission_error", "message": "contact"}}, {})]
    with pytest.raises(errors.UpstreamRejected) as caught:
        source("crustdata").lookup(ANA, ALL)
    assert type(caught.value) is errors.UpstreamRejected


@pytest.mark.parametrize(
    ("name", "headers", "seconds"),
    [
        ("people_data_labs", {}, 60),
        ("people_data_labs", {"x-ratelimit-reset": "2999-01-01T00:00:00Z"}, 3600),
        ("crustdata", {"x-ratelimit-reset": "7"}, 7),
        ("crustdata", {"x-ratelimit-reset": "soon"}, 60),
        ("forager", {"retry-after": "9"}, 9),
        ("forager", {"retry-after": "Wed, 01 Jan 2020 00:00:00 GMT"}, 1),
        ("forager", {"retry-after": "never"}, 60),
    ],
)
def test_how_long_to_wait(world: World, name: Source, headers: dict[str, str], seconds: int) -> None:
    world.says({}, 429, headers)

    with pytest.raises(errors.RateLimited) as caught:
        source(name).lookup(ANA, ALL)

    assert caught.value.retry_after_seconds == seconds


def test_a_later_refusal_loses_nothing_that_was_paid(world: World) -> None:
    world.says(sample("people_data_labs", "person_200"))
    world.says(sample("people_data_labs", "429"), 429)

    answer = source("people_data_labs").lookup(ANA, ALL)

    assert (answer.outcome, answer.cut_short, answer.charged) == ("partial", "rate_limited", 1)
    assert answer.limits.retry_after_seconds == 60
    assert values(answer)["job_title"] == "vp of revenue operations"


def test_many_at_once_are_answered_each_for_themselves(world: World) -> None:
    found = sample("people_data_labs", "person_200")
    world.says([found, sample("people_data_labs", "person_404"), {"status": 429, "error": {}}])

    one, two, three, four = source("people_data_labs").lookup_many([ANA] * 4, ALL)

    assert isinstance(one, Answer)
    assert isinstance(two, Answer)
    assert (one.outcome, two.outcome, one.charged, two.charged) == ("partial", "not_found", 1, 0)
    assert isinstance(three, errors.RateLimited)
    assert isinstance(four, errors.UpstreamRejected)
    assert len(world.asked) == 1


def test_many_at_once_go_by_kind_of_address(world: World) -> None:
    told = sample("crustdata", "person_200_v2025-11-01")
    told[0]["matched_on"] = "https://linkedin.com/in/ana-ruiz-demo"
    world.says(told)
    world.says({"error": {}}, 400)
    other = Person(email="nobody@unknown-demo.example")

    one, two = source("crustdata").lookup_many([other, ANA], {"job_title"})[::-1]

    assert isinstance(one, Answer)
    assert values(one) == {"job_title": "VP of Revenue Operations"}
    assert isinstance(two, errors.UpstreamRejected)


@pytest.mark.parametrize(("name", "generation"), KINDS)
def test_who_cannot_be_asked_for_is_not(world: World, name: Source, generation: Generation) -> None:
    world.says({})
    someone = source(name, generation)

    assert not someone.can_ask(Person(name="Ana Ruiz"))
    assert someone.price(Person(name="Ana Ruiz"), ALL) == 0
    with pytest.raises(ValueError, match="cannot be asked"):
        someone.lookup(Person(name="Ana Ruiz"), ALL)
    assert world.asked == []
    assert someone.can_ask(ANA)


def test_webmail_is_no_business_address(world: World) -> None:
    assert not source("crustdata").can_ask(Person(email="ana@gmail.com"))
    assert source("people_data_labs").can_ask(Person(email="ana@gmail.com"))


def test_forager_needs_the_number_of_its_account() -> None:
    for wrong in (None, "", "../1", "abc", "1" * 30):
        with pytest.raises(ValueError, match="account"):
            providers.client("forager", "a-key", wrong)


@pytest.mark.parametrize(("name", "generation"), KINDS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=ANY_JSON,
    status=st.sampled_from([200, 404]),
    headers=st.dictionaries(
        st.sampled_from(["retry-after", "x-ratelimit-reset", "x-ratelimit-remaining", "x-credits-used"]),
        st.text(st.characters(min_codepoint=33, max_codepoint=126)),
    ),
)
def test_no_answer_makes_a_client_fall_over(
    name: Source, generation: Generation, body: Any, status: int, headers: dict[str, str]
) -> None:
    world = World()
    world.says(body, status, headers)
    with installed(world):
        client = source(name, generation)
        price = client.price(ANA, ALL)
        try:
            answer = client.lookup(ANA, ALL)
        except errors.LeadflowError:
            return
        assert len(world.asked) <= price
        assert answer.charged <= price
        for found in answer.fields.values():
            assert found.value
            assert 0 <= found.confidence <= 1


@pytest.mark.parametrize(("name", "generation"), KINDS)
@given(where=st.integers(1, 400), what=ANY_JSON)
@settings(max_examples=60, deadline=None)
def test_no_strange_part_of_a_real_answer_makes_a_client_fall_over(
    name: Source, generation: Generation, where: int, what: Any
) -> None:
    files = {
        "people_data_labs": ("person_200", "company_200"),
        "forager": ("person_200", "organization_search_200", "website_200"),
        "crustdata": ("person_200", "company_200")
        if generation == "legacy"
        else ("person_200_v2025-11-01", "company_200_v2025-11-01"),
    }[name]
    world = World()
    for file in files:
        world.says(_spoilt(sample(name, file), [where], what))
    with installed(world):
        source(name, generation).lookup(ANA, ALL)


def _spoilt(value: Any, left: list[int], what: Any) -> Any:
    """The same with its n-th part replaced."""
    left[0] -= 1
    if left[0] == -1:
        return what
    if isinstance(value, dict):
        return {name: _spoilt(one, left, what) for name, one in value.items()}
    return [_spoilt(one, left, what) for one in value] if isinstance(value, list) else value
