"""Which requests a lookup needs: never one that cannot bring what is wanted, and as many as the price says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leadflow.core.errors import OutcomeUnknown, RateLimited
from leadflow.enrichment.enums import FIELDS
from leadflow.enrichment.rules import planning
from leadflow.enrichment.rules.answers import Person
from leadflow.enrichment.rules.planning import COMPANY, PERSON, WEBSITE, Gathered, Part, steps

FILLED = {
    PERSON: frozenset({"job_title", "skills", "company_name", "company_size"}),
    COMPANY: frozenset({"company_name", "company_size", "company_funding"}),
    WEBSITE: frozenset({"tech_stack"}),
}


def planned(*wanted: str, person: bool = True, company: bool = True) -> tuple[str, ...]:
    return steps(frozenset(wanted), FILLED, knows_person=person, knows_company=company)  # type: ignore[arg-type]


def test_a_person_is_asked_for_what_is_theirs_and_the_company_for_the_rest() -> None:
    assert planned("job_title") == (PERSON,)
    assert planned("job_title", "company_size") == (PERSON,)
    assert planned("job_title", "company_funding") == (PERSON, COMPANY)
    assert planned("job_title", "company_funding", "tech_stack") == (PERSON, COMPANY, WEBSITE)


def test_a_known_company_is_asked_without_its_person() -> None:
    assert planned("company_size", "company_funding") == (COMPANY,)
    assert planned("tech_stack") == (WEBSITE,)
    assert planned("company_name", "job_title", person=False) == (COMPANY,)


def test_an_unknown_company_is_learnt_from_the_person() -> None:
    assert planned("company_funding", company=False) == (PERSON, COMPANY)
    assert planned("company_funding", person=False, company=False) == ()
    assert planned("github_url") == ()


@given(st.sets(st.sampled_from(FIELDS)), st.booleans(), st.booleans())
def test_each_request_can_bring_something_that_is_wanted(wanted: set[str], person: bool, company: bool) -> None:
    found = planned(*wanted, person=person, company=company)

    assert len(set(found)) == len(found)
    for name in found:
        leads_on = name == PERSON and not company and len(found) > 1
        assert FILLED[name] & wanted or leads_on
    if PERSON in found:
        assert person


def test_what_fails_later_leaves_what_was_paid_and_says_so() -> None:
    gathered = Gathered(frozenset({"job_title", "company_funding"}))
    gathered.add(PERSON, Part("matched", {"job_title": "CTO"}, 0.9, {"a": 1}, credits=1))
    gathered.cut(OutcomeUnknown(""), 2)

    answer = gathered.answer()
    assert (answer.outcome, answer.charged, answer.credits) == ("partial", 2, 3)
    assert answer.cut_short == "outcome_unknown"
    assert answer.fields["job_title"].value == "CTO"

    gathered.cut(RateLimited("", 30), 2)
    assert gathered.answer().charged == 2
    assert gathered.answer().limits.retry_after_seconds == 30


def test_what_follows_from_an_unsure_person_is_no_surer() -> None:
    gathered = Gathered(frozenset({"company_name", "company_funding"}))
    gathered.add(PERSON, Part("matched", {"company_name": "Acme"}, 0.5, credits=1))
    company = gathered.company(Person(email="ana@other.example"))
    gathered.add(COMPANY, Part("matched", {"company_funding": "$1 raised"}, 1.0, credits=1), company.confidence)

    assert company.name == "Acme"
    assert gathered.answer().fields["company_funding"].confidence == 0.5
    assert planning.company_of(Person(email="ana@acme.example")).domain == "acme.example"


def test_nobody_clear_is_nobody() -> None:
    gathered = Gathered(frozenset({"job_title"}))
    gathered.add(PERSON, Part("ambiguous", {"job_title": "CTO"}, credits=1))

    assert gathered.answer().outcome == "ambiguous"
    assert gathered.answer().fields == {}
