"""GET /leads/export."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.leads.service import exporting
from tests.functional.leads.announced import announced
from tests.functional.leads.people import added, shown
from tests.functional.leads.transfer import all_leads, bucket, counts, emptied, exported, imported, rows_of
from tests.harness import call

RICH: dict[str, Any] = {
    "name": '=SUM(A1) 🦄 Zoë, "the 1st"',
    "email": "zoe@example.com",
    "company": "'-quoted",
    "phone": "+442079460018",
    "status": "proposal",
    "source": "referral",
    "budget": "5k_25k",
    "timeline": "1_3_months",
    "interests": ["a; b", "=c"],
    "tags": ["@home", "plain"],
    "notes": 'line\r\nline, "quoted"\n\ttab',
    "custom": {"n": 1.5, "deep": {"list": [True, None, "=x"]}, "": "no name"},
    "timezone": "Europe/Berlin",
    "consent": {"email": {"opted_in": True, "at": "2026-01-01T00:00:00.000Z"}, "sms": {"opted_in": False}},
}
SERVERS_OWN = ("id", "created_at", "updated_at")


@pytest.fixture(autouse=True)
def _bucket() -> None:
    bucket()


def _told(lead: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in lead.items() if name not in SERVERS_OWN}


@pytest.mark.parametrize("mode", ["skip", "update"])
def test_an_export_imports_back_to_the_same_leads(mode: str) -> None:
    added(**RICH)
    added("plain@example.com")
    before = {lead["email"]: lead for lead in all_leads()}
    file = exported()

    again = imported(file, on_duplicate=mode)
    assert counts(again) == (2, 0, *((2, 0) if mode == "update" else (0, 2)), 0)
    assert {lead["email"]: lead for lead in all_leads()} == before

    emptied()
    assert counts(imported(file)) == (2, 2, 0, 0, 0)
    assert {lead["email"]: _told(lead) for lead in all_leads()} == {email: _told(one) for email, one in before.items()}


def test_no_cell_is_a_formula_and_every_field_is_there() -> None:
    lead = added(**RICH)
    [row] = rows_of(exported())

    assert list(row) == list(shown(lead["id"]))
    assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert row["phone"] == "'+442079460018"


def test_filters_are_those_of_the_list() -> None:
    added("a@example.com", tags=["x"], status="contacted")
    added("b@example.com", tags=["x"])
    added("c@example.com")

    def emails(**filters: str) -> list[str]:
        return sorted(row["email"] for row in rows_of(exported(**filters)))

    assert emails(tag="x") == ["a@example.com", "b@example.com"]
    assert emails(status="contacted", tag="x") == ["a@example.com"]
    assert emails(email="C@example.com") == ["c@example.com"]
    assert emails(min_score="1") == []
    assert call("leads/export_leads", query={"colour": "red"}).json["errors"][0]["field"] == "colour"


def test_what_is_too_large_becomes_an_export(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "MAX_ANSWER_BYTES", 300)
    for number in range(3):
        added(f"p{number}@example.com")

    answer = call("leads/export_leads")

    assert answer.status == 202
    assert answer.headers["location"] == f"/exports/{answer.json['export_id']}"
    assert [event["detail"] for event in announced("export")] == [{"id": answer.json["export_id"]}]


def test_it_needs_the_right_to_read_leads() -> None:
    assert call("leads/export_leads", scopes="leads:write").status == 403
