"""PATCH /appointments/{appointment_id}."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadflow.activities.service import erasing
from leadflow.core import ids
from tests.functional.activities.plans import SAM, appointment, asked, faults, patched
from tests.functional.leads.people import added
from tests.functional.wire import interrupted, stored
from tests.harness import Clock, call

KIM = "kim@example.com"
NINE, TEN, ELEVEN = (f"2026-03-04T{hour}:00:00Z" for hour in ("09", "10", "11"))


def test_fields_given_change_and_others_stay(clock: Clock) -> None:
    made = appointment(added()["id"], notes="Old")
    clock.advance(seconds=5)

    answer = patched(made["id"], title="Second demo", notes=None, scheduled_at="2026-03-05T10:30:00+01:00")

    assert (answer.status, answer.etag) == (200, '"2"')
    changed = {"title": "Second demo", "notes": None, "scheduled_at": "2026-03-05T09:30:00.000Z"}
    assert answer.json == {**made, **changed, "updated_at": "2026-03-02T09:00:05.000Z"}


def test_what_changes_nothing_writes_nothing() -> None:
    made = appointment(added()["id"])

    assert patched(made["id"], scheduled_at=NINE).etag == '"1"'


@pytest.mark.parametrize(
    ("before", "change"),
    [
        ({"at": ELEVEN}, {"scheduled_at": "2026-03-04T09:59:00Z"}),
        ({"at": "2026-03-04T08:00:00Z"}, {"duration_minutes": 61}),
        ({"at": NINE, "assigned_to": KIM}, {"assigned_to": SAM}),
        ({"at": NINE, "assigned_to": None}, {"assigned_to": SAM.upper()}),
        ({"at": NINE, "status": "cancelled"}, {"status": "scheduled"}),
        ({"at": NINE, "status": "no_show", "assigned_to": None}, {"status": "scheduled", "assigned_to": SAM}),
    ],
)
def test_what_would_book_somebody_twice_is_refused(before: dict[str, Any], change: dict[str, Any]) -> None:
    lead_id = added()["id"]
    first = appointment(lead_id, NINE)
    other = appointment(lead_id, before["at"], **{name: value for name, value in before.items() if name != "at"})

    answer = patched(other["id"], **change)

    assert (answer.status, answer.json["other_id"]) == (409, first["id"])
    assert call("appointments/get_appointment", path={"appointment_id": other["id"]}).json == other


@pytest.mark.parametrize(
    "change",
    [
        {"status": "cancelled"},
        {"status": "completed"},
        {"assigned_to": KIM},
        {"assigned_to": None},
        {"scheduled_at": "2026-03-05T09:00:00Z"},
        {"scheduled_at": "2026-03-04T08:00:00Z"},
        {"scheduled_at": ELEVEN, "duration_minutes": 15},
    ],
)
def test_time_that_is_let_go_is_free(change: dict[str, Any]) -> None:
    lead_id = added()["id"]
    first = appointment(lead_id, NINE)
    assert asked(lead_id, NINE).status == 409

    assert patched(first["id"], **change).status == 200

    appointment(lead_id, NINE)


def test_shortening_frees_the_rest_and_over_midnight_the_other_day() -> None:
    lead_id = added()["id"]
    first = appointment(lead_id, "2026-03-04T23:30:00Z")
    assert asked(lead_id, "2026-03-05T00:00:00Z").status == 409

    assert patched(first["id"], duration_minutes=30).status == 200

    assert len(stored("Agenda")) == 1
    appointment(lead_id, "2026-03-05T00:00:00Z")


def test_moving_within_its_own_time_is_not_in_its_own_way() -> None:
    first = appointment(added()["id"], NINE)

    assert patched(first["id"], scheduled_at="2026-03-04T09:30:00Z").status == 200
    assert patched(first["id"], duration_minutes=120, assigned_to=SAM.upper()).status == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", None),
        ("scheduled_at", None),
        ("duration_minutes", None),
        ("duration_minutes", 481),
        ("status", None),
        ("status", "open"),
        ("meeting_link", "nowhere"),
        ("lead_id", "X"),
    ],
)
def test_what_is_wrong_is_named(field: str, value: object) -> None:
    assert faults(patched(appointment(added()["id"])["id"], **{field: value})) == {field}


def test_a_change_of_what_somebody_has_changed_since_is_refused() -> None:
    made = appointment(added()["id"])
    assert patched(made["id"], '"1"', title="A").status == 200

    assert patched(made["id"], '"1"', title="B").status == 412
    assert patched(made["id"], '"2"', title="B").status == 200


def test_of_two_changes_at_once_none_is_lost() -> None:
    lead_id = added()["id"]
    made = appointment(lead_id, NINE)

    with interrupted(lambda: patched(made["id"], scheduled_at=ELEVEN)):
        answer = patched(made["id"], duration_minutes=120)

    assert (answer.json["scheduled_at"], answer.json["duration_minutes"]) == ("2026-03-04T11:00:00.000Z", 120)
    assert asked(lead_id, "2026-03-04T12:59:00Z").status == 409
    appointment(lead_id, NINE)


def test_time_that_somebody_takes_at_the_same_moment_is_refused() -> None:
    lead_id = added()["id"]
    made = appointment(lead_id, NINE)

    with interrupted(lambda: asked(lead_id, ELEVEN)):
        answer = patched(made["id"], scheduled_at=ELEVEN)

    assert answer.status == 409
    assert asked(lead_id, NINE).json["other_id"] == made["id"]


def test_one_that_is_erased_at_the_same_moment_is_not_found() -> None:
    made = appointment(added()["id"], NINE)

    with interrupted(lambda: erasing.erase_person(made["lead_id"])):
        assert patched(made["id"], status="completed").status == 404
    assert stored("Appointment") == stored("Agenda") == []


def test_what_is_not_there_is_not_found() -> None:
    assert patched("NOBODY", title="X").status == 404
    refused = call("appointments/update_appointment", {}, path={"appointment_id": "X"}, scopes="appointments:read")
    assert refused.status == 403


# Quarters of an hour around midnight of few people, so that there is much to collide with.
PEOPLE = st.sampled_from((None, "sam", "SAM", "kim"))
STATUSES = st.sampled_from(("scheduled", "scheduled", "scheduled", "cancelled", "completed", "no_show"))
QUARTERS, LENGTHS = st.integers(0, 16), st.sampled_from((15, 30, 60, 90))
OPERATIONS = st.one_of(
    st.tuples(st.just("create"), st.just(0), QUARTERS, LENGTHS, PEOPLE, STATUSES),
    st.tuples(st.just("update"), st.integers(0, 5), QUARTERS, LENGTHS, PEOPLE, STATUSES),
    st.tuples(st.just("erase"), st.integers(0, 5), st.none(), st.none(), st.none(), st.none()),
)


def at_quarter(number: int) -> str:
    minutes = 22 * 60 + 15 * number
    return f"2026-03-0{4 + minutes // 1440}T{minutes % 1440 // 60:02d}:{minutes % 60:02d}:00.000Z"


class Diary:
    """The simple model: each appointment that is, and a look at every other one before it changes."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[int, int, str | None, str]] = {}

    def allows(self, own_id: str, wanted: tuple[int, int, str | None, str]) -> bool:
        quarter, length, person, status = wanted
        if person is None or status != "scheduled":
            return True
        return not any(
            other_id != own_id
            and (other[2] or "").lower() == person.lower()
            and other[3] == "scheduled"
            and 15 * other[0] < 15 * quarter + length
            and 15 * quarter < 15 * other[0] + other[1]
            for other_id, other in self.held.items()
        )


@settings(max_examples=20, deadline=None)
@given(operations=st.lists(OPERATIONS, max_size=14))
def test_whatever_is_asked_nobody_is_booked_twice_and_no_time_is_lost(operations: list[tuple[Any, ...]]) -> None:
    diary, leads = Diary(), dict[str, str]()
    for kind, which, *wanted in operations:
        own_id = sorted(diary.held)[which % len(diary.held)] if diary.held else ""
        if kind == "erase" and own_id:
            erase(leads[own_id])
            del diary.held[own_id]
        if kind == "erase" or (kind == "update" and not own_id):
            continue
        quarter, length, person, status = wanted
        fields = {"duration_minutes": length, "assigned_to": person, "status": status}
        if kind == "create":
            lead_id = added(f"p{ids.new_id().lower()}@example.com")["id"]
            answer = asked(lead_id, at_quarter(quarter), **fields)
            own_id = answer.json.get("id", "")
            leads[own_id] = lead_id
        else:
            answer = patched(own_id, scheduled_at=at_quarter(quarter), **fields)
        assert (answer.status < 300) is diary.allows(own_id, tuple(wanted)), answer.text
        if answer.status < 300:
            diary.held[own_id] = tuple(wanted)
    for own_id in list(diary.held):
        erase(leads[own_id])
    assert stored("Agenda") == []


def erase(lead_id: str) -> None:
    assert erasing.erase_person(lead_id) == 1
