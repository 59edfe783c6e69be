"""POST /appointments."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from leadflow.activities.schema import Appointment
from leadflow.core import aws
from tests.functional.activities.plans import SAM, appointment, appointments, asked, faults, patched
from tests.functional.leads.people import added
from tests.functional.wire import Killed, interrupted, killed_at, refused, stored
from tests.harness import Answer, call


def test_an_appointment_is_kept_as_it_was_given() -> None:
    lead_id = added()["id"]
    body = {
        "lead_id": lead_id,
        "title": " Demo ",
        "description": "The new looms",
        "scheduled_at": "2026-03-04T23:30:00+14:00",
        "duration_minutes": 480,
        "assigned_to": SAM,
        "meeting_link": "https://meet.example.com/demo",
        "notes": "Bring marmalade",
    }

    answer = call("appointments/create_appointment", body)

    assert answer.status == 201
    assert answer.headers["location"] == f"/appointments/{answer.json['id']}"
    assert answer.etag == '"1"'
    Appointment.model_validate(answer.json)
    assert answer.json == {
        **body,
        "id": answer.json["id"],
        "title": "Demo",
        "scheduled_at": "2026-03-04T09:30:00.000Z",
        "status": "scheduled",
        "created_at": "2026-03-02T09:00:00.000Z",
        "updated_at": "2026-03-02T09:00:00.000Z",
    }
    assert call("appointments/get_appointment", path={"appointment_id": answer.json["id"]}).json == answer.json


def test_lead_title_and_time_are_enough() -> None:
    body = {"lead_id": added()["id"], "title": "Demo", "scheduled_at": "2026-03-04T09:00:00Z"}

    made = call("appointments/create_appointment", body).json

    assert made["duration_minutes"] == 30
    assert {name for name, value in made.items() if value is None} == {
        *("description", "assigned_to", "meeting_link", "notes"),
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lead_id", None),
        ("title", ""),
        ("title", "x" * 201),
        ("description", "x" * 5001),
        ("scheduled_at", None),
        ("scheduled_at", "2026-03-04"),
        ("scheduled_at", "2026-03-04T09:00:00"),
        ("scheduled_at", "9999-12-31T23:59:59Z"),
        ("scheduled_at", 1772442000),
        ("duration_minutes", 14),
        ("duration_minutes", 481),
        ("duration_minutes", 30.5),
        ("duration_minutes", "30"),
        ("duration_minutes", True),
        ("duration_minutes", None),
        ("status", "open"),
        ("assigned_to", "x" * 101),
        ("assigned_to", "a\x00b"),
        ("meeting_link", "javascript:alert(1)"),
        ("meeting_link", "meet.example.com"),
        ("meeting_link", "https://[::1"),
        ("notes", "x" * 5001),
        ("created_at", "2026-03-04T09:00:00Z"),
    ],
)
def test_what_is_wrong_is_named(field: str, value: object) -> None:
    assert faults(asked("LEAD", **{field: value})) == {field}
    assert stored("Appointment") == []


def test_a_lead_that_is_not_there_is_refused_and_takes_no_time() -> None:
    lead_id = added()["id"]
    assert call("leads/erase_lead", path={"lead_id": lead_id}).status == 202

    for nobody in ("NOBODY", lead_id):
        assert faults(asked(nobody)) == {"lead_id"}
    assert stored("Appointment") == stored("Agenda") == []


def test_a_lead_that_is_erased_at_the_same_moment_gets_none() -> None:
    lead_id = added()["id"]

    with interrupted(lambda: call("leads/erase_lead", path={"lead_id": lead_id})):
        assert faults(asked(lead_id)) == {"lead_id"}
    assert stored("Appointment") == stored("Agenda") == []


@pytest.mark.parametrize(
    "at", ["2026-03-04T08:00:01Z", "2026-03-04T08:15:00Z", "2026-03-04T09:00:00Z", "2026-03-04T09:59:59.999Z"]
)
def test_nobody_is_booked_twice(at: str) -> None:
    lead_id, other = added()["id"], added("bob@example.com")["id"]
    first = appointment(lead_id)

    answer = asked(other, at, assigned_to="SAM@Example.com")

    assert answer.status == 409
    assert answer.json["other_id"] == first["id"]
    assert first["id"] in answer.json["detail"]
    assert "sam" not in answer.text.lower()
    assert len(appointments()["items"]) == 1


def test_one_may_begin_as_another_ends() -> None:
    lead_id = added()["id"]

    for at in ("2026-03-04T09:00:00Z", "2026-03-04T10:00:00Z", "2026-03-04T08:00:00Z", "2026-03-04T12:00:00+01:00"):
        appointment(lead_id, at)
    assert len(appointments()["items"]) == 4


def test_over_midnight_both_days_are_taken_and_up_to_midnight_one() -> None:
    lead_id = added()["id"]
    late = appointment(lead_id, "2026-03-04T23:00:00Z", duration_minutes=120)
    assert len(stored("Agenda")) == 2

    for at in ("2026-03-04T22:30:00Z", "2026-03-05T00:45:00Z"):
        assert asked(lead_id, at).json["other_id"] == late["id"]
    appointment(lead_id, "2026-03-05T01:00:00Z")
    appointment(lead_id, "2026-03-06T23:00:00Z")
    assert len(stored("Agenda")) == 3


def test_others_may_have_the_same_time() -> None:
    lead_id = added()["id"]
    appointment(lead_id)

    appointment(lead_id, assigned_to="kim@example.com")
    for _ in range(2):
        appointment(lead_id, assigned_to=None)
    for status in ("completed", "cancelled", "no_show"):
        appointment(lead_id, status=status)
    assert len(appointments()["items"]) == 7


def test_of_two_at_once_one_is_written() -> None:
    lead_id, rivals = added()["id"], list[Answer]()

    with interrupted(lambda: rivals.append(asked(lead_id))):
        answer = asked(lead_id)

    assert (rivals[0].status, answer.status) == (201, 409)
    assert answer.json["other_id"] == rivals[0].json["id"]


def test_of_many_at_once_on_one_day_each_finds_its_place() -> None:
    """Each is interrupted by the next, which takes another time of the same day; one of them the time of the first."""
    lead_id, answers = added()["id"], list[Answer]()

    def ask(hour: int) -> Callable[[], None]:
        return lambda: answers.append(asked(lead_id, f"2026-03-04T{hour:02d}:00:00Z"))

    with interrupted(ask(9), times=1), interrupted(ask(10), times=1), interrupted(ask(9), times=1):
        answers.append(asked(lead_id, "2026-03-04T11:00:00Z"))

    assert sorted(answer.status for answer in answers) == [201, 201, 201, 409]
    [agenda] = stored("Agenda")
    assert agenda["slots"]["S"].count("2026-03-04T") == 6


def test_others_in_the_way_for_long_are_told() -> None:
    lead_id = added()["id"]
    with refused(["None", "None", "TransactionConflict"], times=24):
        answer = asked(lead_id)
    assert answer.status == 429
    assert answer.headers["retry-after"]
    assert stored("Appointment") == stored("Agenda") == []


def test_the_same_request_twice_is_one_appointment_and_not_in_its_own_way() -> None:
    body = {"lead_id": added()["id"], "title": "Demo", "scheduled_at": "2026-03-04T09:00:00Z", "assigned_to": SAM}
    headers = {"idempotency-key": "k"}
    first = call("appointments/create_appointment", body, headers=headers)

    second = call("appointments/create_appointment", body, headers=headers)
    assert (second.json, second.headers["idempotency-replayed"]) == (first.json, "true")

    [raw] = stored("IdempotentRequest")
    for name in ("status", "body", "headers", "content_type", "gsi2pk", "gsi2sk"):
        raw.pop(name)
    raw["lease_until"] = {"S": "2026-01-01T00:00:00.000Z"}
    aws.client("dynamodb").put_item(TableName="leadflow-test", Item=raw)
    third = call("appointments/create_appointment", body, headers=headers)
    assert (third.status, third.json) == (201, first.json)
    assert len(stored("Appointment")) == 1


@pytest.mark.parametrize("sent", [True, False])
def test_killed_at_any_call_the_next_try_makes_one(sent: bool) -> None:
    lead_id = added()["id"]
    body = {"lead_id": lead_id, "title": "Demo", "scheduled_at": "2026-03-04T23:30:00Z", "assigned_to": SAM}
    deaths = 0
    while True:
        headers = {"idempotency-key": f"k{deaths}"}
        try:
            with killed_at(deaths + 1, sent=sent):
                call("appointments/create_appointment", body, headers=headers)
        except Killed:
            deaths += 1
        else:
            break
        for raw in stored("IdempotentRequest"):
            raw["lease_until"] = {"S": "2026-01-01T00:00:00.000Z"}
            aws.client("dynamodb").put_item(TableName="leadflow-test", Item=raw)
        answer = call("appointments/create_appointment", body, headers=headers)
        assert answer.status == 201
        [made] = stored("Appointment")
        assert len(stored("Agenda")) == 1
        assert patched(made["id"]["S"], status="cancelled").status == 200
        assert stored("Agenda") == []
        aws.client("dynamodb").delete_item(TableName="leadflow-test", Key={"pk": made["pk"], "sk": made["sk"]})
    assert deaths > 3


def test_the_scope_is_needed() -> None:
    for scopes, status in (("appointments:read tasks:write", 403), ("appointments:write", 422)):
        assert call("appointments/create_appointment", {}, scopes=scopes).status == status


def test_an_assignee_is_in_no_key() -> None:
    appointment(added()["id"])

    for item in stored():
        keys = [value for name, value in item.items() if name.endswith(("pk", "sk"))]
        assert "sam" not in repr(keys).lower()
