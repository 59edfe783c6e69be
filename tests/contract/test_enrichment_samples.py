"""Our clients against what the sources really answer."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from leadflow.core import errors
from leadflow.enrichment.enums import Generation, Source
from leadflow.enrichment.rules import Answer, Person
from tests.contract.answering import ALL, ANA, World, installed, sample, source, values


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with installed(made):
        yield made


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


@pytest.mark.parametrize(
    "other_kind", [True, 14155550100, "+1 415 555 0100", {"type": "landline"}, [], [None]], ids=repr
)
def test_x45_a_value_of_another_kind_is_not_the_field(world: World, other_kind: object) -> None:
    """X45: a landline is no success where something else was wanted, so that others are asked for the field."""
    told = sample("people_data_labs", "person_200")
    addresses = ("linkedin_url", "twitter_url", "github_url", "job_company_website", "job_company_linkedin_url")
    told["data"] |= dict.fromkeys((*addresses, "linkedin_username", "twitter_username", "github_username"), other_kind)
    told["data"] |= {"profiles": other_kind, "facebook_url": other_kind}
    world.says(told)
    wanted = frozenset(
        {"linkedin_url", "twitter_url", "github_url", "company_website", "company_linkedin_url", "social_profiles"}
    )

    answer = source("people_data_labs").lookup(ANA, wanted)

    assert not wanted & set(values(answer))
    assert answer.outcome == "partial"


def test_many_at_once_are_answered_each_for_themselves(world: World) -> None:
    found = sample("people_data_labs", "person_200")
    world.says([found, sample("people_data_labs", "person_404"), {"status": 429, "error": {}}])

    one, two, three, four = source("people_data_labs").lookup_many([ANA] * 4, ALL)

    assert isinstance(one, Answer)
    assert isinstance(two, Answer)
    assert (one.outcome, two.outcome, one.charged, two.charged) == ("partial", "not_found", 1, 0)
    assert isinstance(three, errors.RateLimited)
    assert isinstance(four, errors.OutcomeUnknown), "it is not said whether it was paid"
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


def test_what_many_cost_together_is_shared_by_those_who_were_found(world: World) -> None:
    found = sample("people_data_labs", "person_200")
    world.says([found, found, sample("people_data_labs", "person_404")], headers={"x-call-credits-spent": "6"})

    answers = source("people_data_labs").lookup_many([ANA] * 3, ALL)

    assert [(one.credits, one.charged) for one in answers if isinstance(one, Answer)] == [(3, 1), (3, 1), (0, 0)]


def test_a_contract_that_charges_more_for_many_at_crustdata_is_told(world: World) -> None:
    told = sample("crustdata", "person_200_v2025-11-01")
    told[0]["matched_on"] = "https://linkedin.com/in/ana-ruiz-demo"
    missed = {"matched_on": "https://linkedin.com/in/nobody", "matches": []}
    world.says([*told, missed], headers={"x-credits-used": "3"})
    nobody = Person(linkedin_url="linkedin.com/in/nobody")

    one, two = source("crustdata").lookup_many([ANA, nobody], {"job_title"})

    assert isinstance(one, Answer)
    assert isinstance(two, Answer)
    assert (one.credits, two.credits, two.outcome) == (3, 0, "not_found")


def test_what_a_lookup_takes_at_most_is_in_the_price_list() -> None:
    by_mail, by_profile = Person(email="ana@acme-demo.example"), Person(linkedin_url="linkedin.com/in/ana-ruiz-demo")
    title = {"job_title"}

    assert source("people_data_labs").most_credits(ANA, ALL) == 2
    assert source("crustdata").most_credits(ANA, ALL) == 3
    assert source("crustdata", "legacy").most_credits(ANA, title) == 3
    assert source("forager").most_credits(by_mail, title) == 5
    assert source("forager").most_credits(by_profile, title) == 1
    assert source("forager").most_credits(Person(), title) == 0


def test_those_who_are_asked_for_together_are_told_apart_by_what_they_were_asked_by(world: World) -> None:
    [told] = sample("crustdata", "person_200_v2025-11-01")
    other = json.loads(json.dumps(told))
    told["matched_on"], other["matched_on"] = "HTTPS://LINKEDIN.COM/in/ana-ruiz-demo", "another form of bo's address"
    other["matches"][0]["person_data"]["basic_profile"]["current_title"] = "Another"
    bo, cy = Person(linkedin_url="linkedin.com/in/bo"), Person(linkedin_url="linkedin.com/in/cy")
    world.says([told, other])

    one, two = source("crustdata").lookup_many([ANA, bo], {"job_title"})
    three = source("crustdata").lookup_many([cy, bo, ANA], {"job_title"})

    assert isinstance(one, Answer)
    assert isinstance(two, Answer)
    assert (values(one), values(two)) == ({"job_title": "VP of Revenue Operations"}, {"job_title": "Another"})
    assert [type(each) for each in three] == [errors.OutcomeUnknown, errors.OutcomeUnknown, Answer]


def test_those_who_were_asked_for_together_before_2025_11_are_told_apart_too(world: World) -> None:
    [told] = sample("crustdata", "person_200")
    [missed] = sample("crustdata", "person_not_found")
    bo = Person(linkedin_url="linkedin.com/in/bo")
    cy, dee = Person(linkedin_url="linkedin.com/in/cy"), Person(linkedin_url="linkedin.com/in/no-one-demo")
    world.says([missed, {**told, "query_linkedin_profile_urn_or_slug": ["ana-ruiz-demo"]}, {"title": "Chief"}])

    ana, none, third = source("crustdata", "legacy").lookup_many([ANA, dee, bo], {"job_title"})
    lost = source("crustdata", "legacy").lookup_many([bo, cy], {"job_title"})

    assert isinstance(ana, Answer)
    assert isinstance(none, Answer)
    assert isinstance(third, Answer)
    assert (values(ana)["job_title"], none.outcome, values(third)) == (
        "VP of Revenue Operations",
        "not_found",
        {"job_title": "Chief"},
    )
    assert (ana.credits, none.credits) == (3, 0)
    assert [type(one) for one in lost] == [errors.OutcomeUnknown] * 2


def test_with_whom_a_person_can_be_asked_for() -> None:
    by_mail, title = Person(email="ana@acme-demo.example"), frozenset({"job_title"})
    funding = frozenset({"job_title", "company_funding"})

    assert source("people_data_labs").shared_kind(by_mail, title) == "person"
    assert source("people_data_labs").shared_kind(by_mail, funding) is None, "their company is another request"
    assert source("people_data_labs").shared_kind(Person(company_website="acme.example"), title) is None
    assert source("crustdata").shared_kind(ANA, title) != source("crustdata").shared_kind(by_mail, title)
    assert source("forager").shared_kind(ANA, title) is None
    assert [source(name).shares(title) for name in ("people_data_labs", "crustdata", "forager")] == [True, True, False]
    assert source("crustdata").shares(funding) is False
