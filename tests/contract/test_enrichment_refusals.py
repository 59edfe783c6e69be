"""Our clients against refusals of the sources, and against what these had better not answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadflow.core import errors
from leadflow.enrichment import providers
from leadflow.enrichment.enums import Generation, Source
from leadflow.enrichment.rules import Person
from tests.contract.answering import ALL, ANA, KINDS, World, installed, sample, source, values
from tests.unit.enrichment.test_normalising import ANY_JSON


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with installed(made):
        yield made


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


def test_an_answer_that_cannot_be_unpacked_may_have_been_paid(world: World) -> None:
    world.says(b"this is no gzip", headers={"content-encoding": "gzip"})

    with pytest.raises(errors.OutcomeUnknown):
        source("people_data_labs").lookup(ANA, ALL)


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
