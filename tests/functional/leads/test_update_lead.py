"""PATCH /leads/{lead_id}."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.leads import store
from tests.functional.leads.people import added, listed, patched, shown
from tests.functional.wire import counts, interrupted, refused, stored, watched
from tests.harness import Clock, call


def statuses(lead_id: str) -> list[tuple[str, str, str]]:
    """What is kept of a lead's changes of status, oldest first."""
    items = [item for item in stored("StatusChange") if item["pk"]["S"] == f"LEAD#{lead_id}"]
    return [(item["from"]["S"], item["to"]["S"], item["at"]["S"]) for item in sorted(items, key=lambda i: i["sk"]["S"])]


def test_given_fields_change_and_the_others_stay(clock: Clock) -> None:
    lead = added(company="Engines", tags=["a"], notes="x")
    clock.advance(minutes=1)

    answer = patched(lead["id"], company="Looms", notes=None, tags=["b", "b"])

    assert (answer.status, answer.etag) == (200, '"2"')
    expected = {"company": "Looms", "notes": None, "tags": ["b"], "updated_at": "2026-03-02T09:01:00.000Z"}
    assert answer.json == {**lead, **expected}
    assert shown(lead["id"]) == answer.json


@pytest.mark.parametrize("field", ["company", "phone", "budget", "timeline", "notes", "timezone"])
def test_null_empties_what_may_be_empty(field: str) -> None:
    filled: dict[str, Any] = {
        "company": "Engines",
        "phone": "+442079460018",
        "budget": "under_5k",
        "timeline": "immediate",
        "notes": "x",
        "timezone": "Europe/London",
    }
    lead = added(**filled)

    assert patched(lead["id"], **{field: None}).json[field] is None
    assert shown(lead["id"])[field] is None


@pytest.mark.parametrize("field", ["name", "email", "status", "source", "interests", "tags", "custom", "consent"])
def test_null_is_refused_where_there_must_be_a_value(field: str) -> None:
    lead = added()

    answer = patched(lead["id"], **{field: None})

    assert (answer.status, answer.json["errors"][0]["field"]) == (422, field)
    assert shown(lead["id"]) == lead


@pytest.mark.parametrize("field", ["score", "qualified_at", "id", "created_at", "engagement", "cause"])
def test_what_the_server_keeps_cannot_be_set(field: str) -> None:
    assert patched(added()["id"], **{field: "1"}).status == 422


def test_a_change_that_changes_nothing_writes_nothing(clock: Clock) -> None:
    lead = added(tags=["a"], custom={"b": 1, "a": 2}, consent={"email": {"opted_in": True}})
    clock.advance(minutes=1)

    with watched() as calls:
        answer = patched(
            lead["id"], name="Ada", tags=["a", "a"], custom={"a": 2, "b": 1}, consent={"email": {"opted_in": True}}
        )

    assert (answer.status, answer.etag, answer.json) == (200, '"1"', lead)
    assert calls == ["GetItem"]


def test_a_change_of_nothing_at_all_is_refused() -> None:
    lead = added()

    answer = patched(lead["id"])

    assert (answer.status, [error["field"] for error in answer.json["errors"]]) == (422, ["body"])
    assert shown(lead["id"]) == lead


def test_true_is_not_one() -> None:
    lead = added(custom={"flag": 1})

    assert patched(lead["id"], custom={"flag": True}).json["custom"]["flag"] is True
    assert shown(lead["id"])["custom"]["flag"] is True


def test_consent_changes_by_channel(clock: Clock) -> None:
    lead = added(consent={"email": {"opted_in": False}, "sms": {"opted_in": True}})
    clock.advance(days=1)

    consent = patched(lead["id"], consent={"sms": {"opted_in": False}, "email": {"opted_in": False}}).json["consent"]

    assert consent == {
        "email": {"opted_in": False, "at": "2026-03-02T09:00:00.000Z"},
        "sms": {"opted_in": False, "at": "2026-03-03T09:00:00.000Z"},
    }


def test_a_stale_if_match_is_refused_and_changes_nothing() -> None:
    lead = added()
    assert patched(lead["id"], if_match='"1"', company="First").etag == '"2"'

    for tag in ('"1"', '"3"', '"nonsense"', 'W/"1"'):
        assert patched(lead["id"], if_match=tag, company="Second").status == 412

    assert shown(lead["id"])["company"] == "First"
    assert patched(lead["id"], if_match='"2"', company="Third").status == 200
    assert patched(lead["id"], if_match="*", company="Fourth").status == 200


def test_even_a_change_that_changes_nothing_wants_the_version_it_was_given() -> None:
    lead = added()
    patched(lead["id"], company="First")

    assert patched(lead["id"], if_match='"1"', company="First").status == 412


def test_concurrent_changes_of_different_fields_both_hold() -> None:
    lead = added()
    names = (f"Rival {n}" for n in (1, 2, 3))

    with interrupted(lambda: patched(lead["id"], company=next(names)), times=3):
        answer = patched(lead["id"], notes="mine")

    assert (answer.status, answer.etag) == (200, '"5"')
    assert shown(lead["id"]) == {**answer.json, "company": "Rival 3", "notes": "mine"}


def test_a_change_meanwhile_makes_if_match_stale() -> None:
    lead = added()

    with interrupted(lambda: patched(lead["id"], company="Rival")):
        assert patched(lead["id"], if_match='"1"', notes="mine").status == 412

    assert shown(lead["id"])["notes"] is None


def test_a_lead_that_is_always_changed_meanwhile_gives_a_retryable_answer() -> None:
    lead = added()
    names = (f"Rival {n}" for n in range(100))

    with interrupted(lambda: patched(lead["id"], company=next(names)), times=24):
        answer = patched(lead["id"], notes="mine")

    assert (answer.status, answer.headers["retry-after"]) == (429, "1")
    assert shown(lead["id"])["notes"] is None


def test_other_transactions_in_the_way_are_waited_out() -> None:
    lead = added()
    with refused(["TransactionConflict"], times=4):
        assert patched(lead["id"], company="Engines").etag == '"2"'


def test_a_new_email_moves_the_identity_and_lets_the_old_one_go() -> None:
    lead = added("old@example.com", phone="+442079460018")

    assert patched(lead["id"], email="New@Example.com", phone="+442079460019").json["email"] == "New@example.com"

    assert counts() == {"Lead": 1, "UniqueIdentity": 2}
    assert {item["lead_id"]["S"] for item in stored("UniqueIdentity")} == {lead["id"]}
    assert call("leads/create_lead", {"name": "X", "email": "new@example.com"}).json["other_id"] == lead["id"]
    added("OLD@example.com", phone="+442079460018")


def test_another_spelling_of_the_same_email_is_a_change_of_the_field_alone() -> None:
    lead = added("ada@example.com")
    [before] = stored("UniqueIdentity")

    assert patched(lead["id"], email="Ada@example.com").json["email"] == "Ada@example.com"

    assert stored("UniqueIdentity") == [before]


def test_a_phone_can_be_given_taken_away_and_given_to_another() -> None:
    one, two = added("one@example.com"), added("two@example.com")

    assert patched(one["id"], phone="+44 20 7946 0018").json["phone"] == "+442079460018"
    assert patched(two["id"], phone="+442079460018").status == 409
    assert patched(one["id"], phone=None).status == 200
    assert patched(two["id"], phone="+442079460018").status == 200
    assert counts()["UniqueIdentity"] == 3


def test_a_taken_email_is_a_conflict_and_nothing_else_of_the_change_happens() -> None:
    lead, other = added("ada@example.com"), added("other@example.com")

    answer = patched(lead["id"], email="OTHER@example.com", company="Engines", status="contacted")

    assert answer.status == 409
    assert answer.json["other_id"] == other["id"]
    assert answer.json["detail"] == f"email: lead {other['id']} has it."
    assert shown(lead["id"]) == lead
    assert counts() == {"Lead": 2, "UniqueIdentity": 2}


def test_an_email_taken_between_decision_and_write_is_a_conflict() -> None:
    lead = added("ada@example.com")

    with interrupted(lambda: added("wanted@example.com")):
        answer = patched(lead["id"], email="wanted@example.com")

    assert answer.status == 409
    assert shown(lead["id"]) == lead


def test_two_changes_of_the_same_email_at_once_leave_one_identity_each() -> None:
    lead = added("ada@example.com")

    with interrupted(lambda: patched(lead["id"], email="rival@example.com")):
        assert patched(lead["id"], email="mine@example.com").status == 200

    assert shown(lead["id"])["email"] == "mine@example.com"
    assert counts() == {"Lead": 1, "UniqueIdentity": 1}
    added("rival@example.com")


def test_a_move_to_another_email_waits_for_a_change_of_another_field() -> None:
    lead = added("ada@example.com")

    with interrupted(lambda: patched(lead["id"], company="Rival")):
        assert patched(lead["id"], email="new@example.com").etag == '"3"'

    assert (shown(lead["id"])["email"], shown(lead["id"])["company"]) == ("new@example.com", "Rival")
    assert counts() == {"Lead": 1, "UniqueIdentity": 1}


def test_changes_of_status_are_kept_with_their_time(clock: Clock) -> None:
    lead = added()
    clock.advance(hours=1)
    patched(lead["id"], status="contacted")
    patched(lead["id"], status="contacted")
    patched(lead["id"], company="Engines")
    patched(lead["id"], status="new")

    at = "2026-03-02T10:00:00.000Z"
    assert statuses(lead["id"]) == [("new", "contacted", at), ("contacted", "new", at)]


def test_a_change_of_status_is_kept_once_however_often_it_is_tried() -> None:
    lead = added()
    names = (f"Rival {n}" for n in range(9))

    with interrupted(lambda: patched(lead["id"], company=next(names)), times=3):
        patched(lead["id"], status="contacted")

    assert [change[:2] for change in statuses(lead["id"])] == [("new", "contacted")]


def test_qualified_at_is_the_first_time(clock: Clock) -> None:
    lead = added()
    first = patched(lead["id"], status="qualified").json["qualified_at"]
    clock.advance(days=1)
    patched(lead["id"], status="proposal")
    patched(lead["id"], status="qualified")

    assert first == "2026-03-02T09:00:00.000Z"
    assert shown(lead["id"])["qualified_at"] == first


def test_the_lists_follow_a_change_of_status() -> None:
    lead = added()
    patched(lead["id"], status="qualified")

    assert [one["id"] for one in listed(status="qualified")["items"]] == [lead["id"]]
    assert [one["id"] for one in listed(status="qualified", sort="score")["items"]] == [lead["id"]]
    assert listed(status="new")["items"] == listed(status="new", sort="score")["items"] == []
    assert [one["id"] for one in listed()["items"]] == [lead["id"]]


def test_a_direct_change_has_no_cause() -> None:
    lead = added()
    found = store.find_lead(lead["id"])
    assert found is not None
    found.cause = ["WF1"]
    found.save()

    patched(lead["id"], company="Engines")

    changed = store.find_lead(lead["id"])
    assert changed is not None
    assert changed.cause == []


def test_an_unknown_lead_is_not_found() -> None:
    assert patched("nobody", company="x").status == 404


def test_scopes() -> None:
    lead = added()
    path = {"lead_id": lead["id"]}
    assert call("leads/update_lead", {"company": "x"}, path=path, scopes="leads:read").status == 403
    assert call("leads/update_lead", {"company": "x"}, path=path, scopes="leads:write").status == 200
