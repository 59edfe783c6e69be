"""Rows of an import about people who are more than one lead."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.leads.merging import merged, unmerged
from tests.functional.leads.people import added, shown
from tests.functional.leads.transfer import all_leads, bucket, counts, imported, lead_of

ADA, COUNTESS = "ada@example.com", "countess@example.com"


@pytest.fixture(autouse=True)
def _bucket() -> None:
    bucket()


@pytest.fixture
def pair() -> tuple[str, str, str]:
    """Two leads of whom the second is part of the first, and the id of the merge."""
    ada, countess = added(ADA)["id"], added(COUNTESS)["id"]
    return ada, countess, merged(ada, countess)


@pytest.mark.parametrize("email", [ADA, COUNTESS])
def test_a_row_about_either_address_changes_the_lead_that_people_see(pair: tuple[str, str, str], email: str) -> None:
    ada, *_ = pair

    done = imported(f"email,company\n{email},Engines\n", on_duplicate="update")

    assert counts(done) == (1, 0, 1, 0, 0)
    assert [(lead["id"], lead["email"], lead["company"]) for lead in all_leads()] == [(ada, ADA, "Engines")]


def test_rows_about_both_addresses_are_about_one_lead(pair: tuple[str, str, str]) -> None:
    rows = f"{COUNTESS},Engines,+442079460018\n{ADA},Looms,\n"

    done = imported(f"email,company,phone\n{rows}", on_duplicate="update")

    assert counts(done) == (2, 0, 2, 0, 0)
    [lead] = all_leads()
    assert (lead["email"], lead["company"], lead["phone"]) == (ADA, "Looms", "+442079460018")
    assert lead_of(COUNTESS) == lead


@pytest.mark.parametrize("dry_run", ["true", "false"])
def test_a_row_about_a_merged_address_is_a_duplicate(pair: tuple[str, str, str], dry_run: str) -> None:
    done = imported(f"email\n{COUNTESS}\nnew@example.com\n", dry_run=dry_run)

    assert counts(done) == (2, 1, 0, 1, 0)


def test_a_phone_of_the_merged_lead_is_named_by_the_lead_that_people_see(pair: tuple[str, str, str]) -> None:
    ada, *_ = pair
    imported(f"email,phone\n{COUNTESS},+442079460018\n", on_duplicate="update")

    done = imported("email,phone\nother@example.com,+442079460018\n")

    assert done["errors"] == [{"row": 1, "field": "phone", "message": f"lead {ada} has it"}]


def test_what_rows_changed_stays_with_the_lead_that_people_saw(pair: tuple[str, str, str]) -> None:
    ada, countess, merge_id = pair
    imported(f"email,company\n{COUNTESS},Engines\n", on_duplicate="update")

    unmerged(ada, merge_id)

    companies: dict[str, Any] = {lead_id: shown(lead_id)["company"] for lead_id in (ada, countess)}
    assert companies == {ada: "Engines", countess: None}
