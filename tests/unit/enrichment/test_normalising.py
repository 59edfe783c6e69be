"""What a source's value is in our words; and that nothing a source sends can make it fall over."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.enrichment.enums import LONGEST_IN_A_LIST, MOST_IN_A_LIST
from leadflow.enrichment.rules import normalising as norm

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
OF_ONE_VALUE = (
    norm.text,
    norm.url,
    norm.domain,
    norm.linkedin,
    norm.linkedin_company,
    norm.linkedin_name,
    norm.twitter,
    norm.github,
    norm.size,
    norm.industry,
    norm.funding,
    norm.texts,
    norm.score,
    norm.mapping,
    norm.objects,
)


@given(ANY_JSON)
def test_nothing_that_is_json_makes_it_fall_over(value: Any) -> None:
    for one in OF_ONE_VALUE:
        one(value)
    norm.funding(value, value, value)
    norm.profiles([(value, value)])


@given(ANY_JSON)
def test_a_boolean_is_no_value_and_a_text_can_be_stored(value: Any) -> None:
    for one in (norm.text, norm.url, norm.linkedin, norm.size, norm.industry, norm.texts, norm.score):
        assert one(True) is None
        assert one(False) is None
    found = norm.text(value)
    assert found is None or (0 < len(found) <= 200 and found.encode() and found == " ".join(found.split()))


@given(st.text(max_size=60))
def test_an_address_is_one_and_stays_what_it_is(value: str) -> None:
    found = norm.url(value)
    assert found is None or (found.startswith(("https://", "http://")) and norm.url(found) == found)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("acme.com", "https://acme.com"),
        ("ACME.com/About", "https://acme.com/About"),
        ("//acme.com", "https://acme.com"),
        ("http://acme.com", "http://acme.com"),
        ("acme.com:8080/x", "https://acme.com:8080/x"),
        ("linkedin.com/in/ana", "https://linkedin.com/in/ana"),
        ("javascript:alert(1)", None),
        ("ftp://acme.com", None),
        ("https://user:secret@acme.com", None),
        ("acme", None),
        ("https://", None),
        ("https://acme.com/a b", None),
        ("https://acme.com:99999", None),
        ("http://[::1", None),
        ("127.0.0.1", None),
        (True, None),
        ("x" * 3000 + ".com", None),
    ],
)
def test_addresses(written: Any, meant: str | None) -> None:
    assert norm.url(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("201-500", "201-500"),
        ("11-50 employees", "11-50"),
        (318, "201-500"),
        (1, "1-10"),
        ("10,001+", "10001+"),
        ("10K+ employees", "10001+"),
        ("1.5k", "1001-5000"),
        ("51 to 200", "51-200"),
        ("5001-10000", "5001-10000"),
        (0, None),
        (-5, None),
        (True, None),
        (math.inf, None),
        ("many", None),
        ([1], None),
    ],
)
def test_sizes(written: Any, meant: str | None) -> None:
    assert norm.size(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("computer software", "Software Development"),
        ("internet", "Technology, Information and Internet"),
        ("law practice", "Law Practice"),
        ("arts and crafts", "Arts and Crafts"),
        ("Software Development", "Software Development"),
        ([None, True, "retail"], "Retail"),
        ([], None),
        ({}, None),
    ],
)
def test_industries(written: Any, meant: str | None) -> None:
    assert norm.industry(written) == meant


@pytest.mark.parametrize(
    ("total", "stage", "day", "meant"),
    [
        (42_000_000, "series_b", "2024-06-18", "$42,000,000 raised, latest Series B on 2024-06-18"),
        (42_000_000, None, None, "$42,000,000 raised"),
        (None, "seed", "2024-06", "latest Seed on 2024-06"),
        (None, "post_ipo_equity", "soon", "latest Post Ipo Equity"),
        (None, None, "2024-06-18", None),
        (True, True, True, None),
        (0, "", "", None),
    ],
)
def test_funding(total: Any, stage: Any, day: Any, meant: str | None) -> None:
    assert (
        norm.funding(total, stage, day) == meant.replace("Ipo", "IPO")
        if meant
        else norm.funding(total, stage, day) is None
    )


def test_profiles_elsewhere_are_not_believed() -> None:
    assert norm.github("https://evil.example/anaruiz") is None
    assert norm.github("https://github.com.evil.example/anaruiz") is None
    assert norm.github("github.com/anaruiz") == "https://github.com/anaruiz"
    assert norm.github("anaruiz") == "https://github.com/anaruiz"
    assert norm.twitter("@ana") == "https://twitter.com/ana"
    assert norm.twitter("https://x.com/ana") == "https://x.com/ana"
    assert norm.linkedin("https://de.linkedin.com/in/ana/") == "https://de.linkedin.com/in/ana/"
    assert norm.linkedin_name("https://www.linkedin.com/in/ana-ruiz/?trk=1") == "ana-ruiz"
    assert norm.linkedin_name("https://www.linkedin.com/company/acme") is None


def test_lists_are_bounded_and_hold_each_text_once() -> None:
    assert norm.texts(["SQL", "sql", {"name": "Go"}, True, None, " ", 7]) == ["SQL", "Go"]
    assert norm.texts("SQL, Go") == ["SQL", "Go"]
    assert norm.texts([]) is None
    many = norm.texts([f"skill {number} " + "x" * 500 for number in range(1000)])
    assert many is not None
    assert len(many) == MOST_IN_A_LIST
    assert max(map(len, many)) == LONGEST_IN_A_LIST


def test_a_company_is_known_by_a_mail_address_of_its_own() -> None:
    assert norm.company_domain_of_email("ana@Acme.com") == "acme.com"
    assert norm.company_domain_of_email("ana@gmail.com") is None
    assert norm.company_domain_of_email(None) is None
    assert norm.company_domain_of_email("nonsense") is None
