"""The sample leads: real enough to meet every rule of a lead, and made up throughout."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from leadflow.leads.schema import LeadCreate
from local.demo import people

SAMPLE = people.read(150, run=1)


def test_there_are_enough_of_them_and_each_is_somebody_else() -> None:
    assert len(SAMPLE) >= 120
    assert len({person.email for person in SAMPLE}) == len(SAMPLE)
    phones = [person.body["phone"] for person in SAMPLE if "phone" in person.body]
    assert len(phones) == len(set(phones)) >= 100


def test_each_is_a_lead_that_nobody_can_really_be() -> None:
    for person in SAMPLE:
        lead = LeadCreate(**person.body)

        assert (lead.name, lead.email) == (person.name, person.email)
        assert re.fullmatch(r"[a-z.]+@example\.(com|org|net)", person.email), person
        assert lead.phone is None or re.fullmatch(r"\+1\d{3}55501\d\d", lead.phone), person


def test_they_come_from_everywhere_and_have_names_as_people_have() -> None:
    sources = Counter(person.body["source"] for person in SAMPLE)

    assert set(sources) == {"website", "referral", "ads", "chat", "import", "api"}
    assert min(sources.values()) >= 5
    for sign in ("'", '"', ",", "Ł", "ö", "-"):
        assert any(sign in person.name for person in SAMPLE)
    assert any("company" not in person.body for person in SAMPLE)


def test_another_run_and_another_round_are_other_people() -> None:
    first, second = people.read(160, run=1), people.read(160, run=2)

    everybody = [person.email for person in (*first, *second)]
    assert len(set(everybody)) == len(everybody) == 320
    assert second[0].email == "zoe.obrien+r2@example.com"
    assert first[150].email == "zoe.obrien+n2@example.com"
    assert "phone" not in second[0].body
    assert "phone" not in first[150].body


@pytest.mark.parametrize(("source", "branch"), [("website", "warm"), ("referral", "warm"), ("ads", "later")])
def test_the_source_decides_which_mail_is_right(source: str, branch: str) -> None:
    assert people.Person(1, {"name": "Ana Ruiz", "email": "ana@example.com", "source": source}).branch == branch
