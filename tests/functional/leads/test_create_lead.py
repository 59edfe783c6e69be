"""POST /leads."""

from __future__ import annotations

import re

import pytest

from leadflow.core import clock, ids
from leadflow.core.errors import RateLimited
from leadflow.leads import service
from leadflow.leads.schema import LeadCreate
from tests.functional.leads.people import added, listed, patched, shown
from tests.functional.wire import counts, interrupted, refused, stored
from tests.harness import call

FULL = {
    "email": "Ada.Lovelace@Example.COM",
    "name": "  Ada Lovelace ",
    "company": "Analytical Engines",
    "phone": "+44 20 7946 0018",
    "status": "contacted",
    "source": "referral",
    "budget": "25k_100k",
    "timeline": "1_3_months",
    "interests": ["engines", "engines", "poetry"],
    "tags": ["vip"],
    "notes": "met in London",
    "custom": {"plan": {"seats": 3}},
    "timezone": "Europe/London",
    "consent": {"email": {"opted_in": True}, "sms": {"opted_in": False, "at": "2026-01-01T12:00:00+01:00"}},
}


def test_a_full_lead_is_stored_and_shown_as_the_data_model_says() -> None:
    answer = call("leads/create_lead", FULL)

    assert answer.status == 201
    lead = answer.json
    assert answer.headers["location"] == f"/leads/{lead['id']}"
    assert answer.etag == '"1"'
    assert lead == {
        **FULL,
        "id": lead["id"],
        "email": "Ada.Lovelace@example.com",
        "name": "Ada Lovelace",
        "phone": "+442079460018",
        "interests": ["engines", "poetry"],
        "score": 0,
        "consent": {
            "email": {"opted_in": True, "at": "2026-03-02T09:00:00.000Z"},
            "sms": {"opted_in": False, "at": "2026-01-01T11:00:00.000Z"},
        },
        "qualified_at": None,
        "created_at": "2026-03-02T09:00:00.000Z",
        "updated_at": "2026-03-02T09:00:00.000Z",
    }
    assert shown(lead["id"]) == lead


def test_the_smallest_lead_shows_all_fields() -> None:
    lead = added()

    assert lead["status"] == "new"
    assert lead["source"] == "api"
    assert [lead[name] for name in ("company", "phone", "budget", "timeline", "notes", "timezone")] == [None] * 6
    assert (lead["interests"], lead["tags"], lead["custom"], lead["consent"]) == ([], [], {}, {})


def test_a_lead_created_as_qualified_is_qualified_from_then_on() -> None:
    assert added(status="qualified")["qualified_at"] == "2026-03-02T09:00:00.000Z"


def test_nothing_personal_is_in_a_key() -> None:
    added("ada@example.com", phone="+442079460018")

    keys = [value["S"] for item in stored() for name, value in item.items() if re.fullmatch(r"pk|sk|gsi\d[ps]k", name)]
    assert len(keys) == 2 * 3 + 6
    assert not [key for key in keys if "ada" in key.lower() or "7946" in key or "Ada" in key]


@pytest.mark.parametrize(
    ("field", "rival"),
    [
        ("email", {"email": "ADA@EXAMPLE.com"}),
        ("email", {"email": "ada@Example.Com", "phone": "+493090182000"}),
        ("phone", {"email": "other@example.com", "phone": "0044 20 7946 0018".replace("00", "+", 1)}),
    ],
)
def test_a_taken_email_or_phone_is_a_conflict_that_names_the_lead(field: str, rival: dict[str, str]) -> None:
    first = added("ada@example.com", phone="+442079460018")
    before = counts()

    answer = call("leads/create_lead", {"name": "Rival", **rival})

    assert answer.status == 409
    assert answer.json["other_id"] == first["id"]
    assert answer.json["detail"] == f"{field}: lead {first['id']} has it."
    assert counts() == before


def test_when_both_belong_to_others_the_email_is_named() -> None:
    one, two = added("one@example.com"), added("two@example.com", phone="+442079460018")

    answer = call("leads/create_lead", {"name": "X", "email": "one@example.com", "phone": "+442079460018"})

    assert answer.json["other_id"] == one["id"] != two["id"]


def test_of_two_creates_at_the_same_moment_one_wins() -> None:
    """The rival is through between our decision and our write."""
    with interrupted(lambda: added("ada@example.com", source="chat")):
        answer = call("leads/create_lead", {"name": "Late", "email": "Ada@example.com"})

    assert answer.status == 409
    [winner] = listed()["items"]
    assert winner["source"] == "chat"
    assert answer.json["other_id"] == winner["id"]
    assert counts() == {"Lead": 1, "UniqueIdentity": 1}


def test_an_address_that_is_let_go_meanwhile_is_taken() -> None:
    """Given a lead that has the address when we write and has it no more when we look who it is."""
    holder = added("ada@example.com")

    with interrupted(lambda: patched(holder["id"], email="moved@example.com"), operation="GetItem"):
        answer = call("leads/create_lead", {"name": "New", "email": "ada@example.com"})

    assert answer.status == 201
    assert {lead["email"] for lead in listed()["items"]} == {"ada@example.com", "moved@example.com"}


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_other_work_in_the_way_is_waited_out(reason: str) -> None:
    with refused(["None", reason], times=5):
        assert call("leads/create_lead", {"name": "Ada", "email": "ada@example.com"}).status == 201

    assert counts() == {"Lead": 1, "UniqueIdentity": 1}


def test_work_that_stays_in_the_way_gives_a_retryable_answer() -> None:
    with refused(["TransactionConflict", "None"], times=24):
        answer = call("leads/create_lead", {"name": "Ada", "email": "ada@example.com"})

    assert answer.status == 429
    assert answer.headers["retry-after"] == "1"
    assert RateLimited.retryable
    assert counts() == {}


def test_a_refusal_that_trying_again_cannot_mend_is_ours_to_answer_for() -> None:
    with refused(["ValidationError", "None"], times=1):
        answer = call("leads/create_lead", {"name": "Ada", "email": "ada@example.com"})

    assert answer.status == 500
    assert counts() == {}
    assert "ValidationError" not in answer.text


def test_a_repeated_request_finds_its_own_lead() -> None:
    body = LeadCreate(name="Ada", email="ada@example.com")
    with ids.repeatable(clock.now(), "key"):
        first = service.create(body)
    patched(first["id"], company="Engines")

    with ids.repeatable(clock.now(), "key"):
        again = service.create(body)

    assert again["id"] == first["id"]
    assert again["company"] == "Engines"
    assert counts() == {"Lead": 1, "UniqueIdentity": 1}


def other_try() -> None:
    with ids.repeatable(clock.now(), "key"):
        service.create(LeadCreate(name="Ada", email="ada@example.com"))


def test_x46_of_two_tries_of_one_request_at_once_both_get_the_one_lead() -> None:
    with interrupted(other_try), ids.repeatable(clock.now(), "key"):
        mine = service.create(LeadCreate(name="Ada", email="ada@example.com"))

    assert counts() == {"Lead": 1, "UniqueIdentity": 1}
    assert shown(mine["id"]) == mine


def test_a_try_that_finds_itself_in_the_way_is_no_conflict() -> None:
    """Given another's address when we write, and our own other try's when we look whose it is."""
    holder = added("ada@example.com")

    def pass_on() -> None:
        patched(holder["id"], email="moved@example.com")
        other_try()

    with interrupted(pass_on, operation="GetItem"), ids.repeatable(clock.now(), "key"):
        mine = service.create(LeadCreate(name="Ada", email="ada@example.com"))

    assert counts() == {"Lead": 2, "UniqueIdentity": 2}
    assert shown(mine["id"]) == mine


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": None}, "email"),
        ({"email": "no-address"}, "email"),
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"company": "x" * 101}, "company"),
        ({"phone": "7946 0018"}, "phone"),
        ({"status": "won"}, "status"),
        ({"source": "telepathy"}, "source"),
        ({"budget": "1k"}, "budget"),
        ({"timeline": "soon"}, "timeline"),
        ({"tags": ["x" * 101]}, "tags.0"),
        ({"tags": [str(n) for n in range(51)]}, "tags"),
        ({"interests": [""]}, "interests.0"),
        ({"notes": "x" * 1001}, "notes"),
        ({"custom": {"x": "y" * 16384}}, "custom"),
        ({"custom": [1]}, "custom"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"consent": {"pigeon": {"opted_in": True}}}, "consent.pigeon.[key]"),
        ({"consent": {"email": {"opted_in": "yes"}}}, "consent.email.opted_in"),
        ({"consent": {"email": {"opted_in": True, "at": "2026-01-01T12:00:00"}}}, "consent.email.at"),
        ({"score": 99}, "score"),
        ({"qualified_at": "2026-01-01T12:00:00Z"}, "qualified_at"),
        ({"id": "mine"}, "id"),
        ({"notes": "nul \x00"}, "notes"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(change: dict[str, object], field: str) -> None:
    answer = call("leads/create_lead", {"name": "Ada", "email": "ada@example.com", **change})

    assert answer.status == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert stored() == []


@pytest.mark.parametrize("missing", ["name", "email"])
def test_name_and_email_are_required(missing: str) -> None:
    body = {"name": "Ada", "email": "ada@example.com"}
    del body[missing]

    answer = call("leads/create_lead", body)

    assert (answer.status, answer.json["errors"][0]["field"]) == (422, missing)


@pytest.mark.parametrize("body", [b"", b"{", b'{"name": "\\ud800"}', b'{"custom": {"x": NaN}}'])
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    assert call("leads/create_lead", body).status == 400


def test_scopes() -> None:
    body = {"name": "Ada", "email": "ada@example.com"}
    assert call("leads/create_lead", body, scopes=None).status == 401
    assert call("leads/create_lead", body, scopes="leads:read").status == 403
    assert call("leads/create_lead", body, scopes="leads:read leads:write").status == 201
