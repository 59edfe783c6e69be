"""GET /appointments."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.activities.plans import SAM, appointment, appointments, patched, task, walked
from tests.functional.leads.people import added
from tests.functional.wire import watched
from tests.harness import Clock, call


def several(clock: Clock, lead_id: str, *hours: int, **fields: Any) -> list[str]:
    """Ids of new appointments at these hours of one day, in the order given, made a second apart."""
    made = []
    for hour in hours:
        clock.advance(seconds=1)
        made.append(appointment(lead_id, f"2026-03-04T{hour:02d}:00:00Z", **fields)["id"])
    return made


def test_newest_first_page_by_page(clock: Clock) -> None:
    made = several(clock, added()["id"], 14, 9, 12, 10, 16)

    for limit in ("1", "2", "5", "100"):
        assert walked(appointments, limit=limit) == made[::-1]


def test_all_filters_given_must_match(clock: Clock) -> None:
    ada, bob = added()["id"], added("bob@example.com")["id"]
    of_ada = several(clock, ada, 9, 10, 11)
    of_bob = several(clock, bob, 12, 13, assigned_to="Kim")
    patched(of_ada[1], status="completed")
    patched(of_bob[0], status="completed")

    assert walked(appointments, limit="1", lead_id=ada) == of_ada[::-1]
    assert walked(appointments, limit="1", status="completed") == [of_bob[0], of_ada[1]]
    assert walked(appointments, limit="1", assigned_to="KIM") == of_bob[::-1]
    assert walked(appointments, status="scheduled", lead_id=ada, assigned_to=SAM) == [of_ada[2], of_ada[0]]
    assert walked(appointments, status="no_show") == walked(appointments, lead_id="NOBODY") == []


def test_between_two_times_latest_first(clock: Clock) -> None:
    ada = added()["id"]
    two, nine, noon = several(clock, ada, 14, 9, 12)
    next_day = appointment(ada, "2026-03-05T00:00:00Z")["id"]

    assert walked(appointments, limit="1", **{"from": "2026-03-04T09:00:00Z"}) == [next_day, two, noon, nine]
    assert walked(appointments, limit="1", **{"from": "2026-03-04T09:00:01Z"}) == [next_day, two, noon]
    assert walked(appointments, limit="1", to="2026-03-04T14:00:00Z") == [noon, nine]
    assert walked(appointments, **{"from": "2026-03-04", "to": "2026-03-05"}) == [two, noon, nine]
    assert walked(appointments, **{"from": "2026-03-04T11:00:00 01:00", "to": "2026-03-04T14:00:00Z"}) == [noon]
    assert walked(appointments, status="cancelled", to="2026-03-05") == []
    # A list of one lead stays in its order.
    assert walked(appointments, lead_id=ada, to="2026-03-05", limit="1") == [noon, nine, two]
    patched(noon, scheduled_at="2026-03-07T12:00:00Z")
    assert walked(appointments, **{"from": "2026-03-06"}) == [noon]


def test_a_page_of_a_time_reads_no_more_than_the_time_holds(clock: Clock) -> None:
    several(clock, added()["id"], *range(20))

    with watched() as seen:
        page = appointments(
            status="scheduled", limit="1", **{"from": "2026-03-04T10:00:00Z", "to": "2026-03-04T11:00:00Z"}
        )

    assert (len(page["items"]), page["next_cursor"]) == (1, None)
    assert sorted(seen) == ["BatchGetItem", *["Query"] * 4]


def test_a_list_of_one_lead_shows_nothing_else_of_it(clock: Clock) -> None:
    lead_id = added()["id"]
    task(lead_id=lead_id)
    made = several(clock, lead_id, 9, 10)

    assert walked(appointments, lead_id=lead_id, limit="1") == made[::-1]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "open"}, "status"),
        ({"from": "tomorrow"}, "from"),
        ({"to": "2026-13-01"}, "to"),
        ({"to": "2026-03-04T09:00:00"}, "to"),
        ({"from": "0001-01-01T00:00:00+10:00"}, "from"),
        ({"from": "2026-03-05", "to": "2026-03-05"}, "to"),
        ({"sort": "title"}, "sort"),
    ],
)
def test_what_is_wrong_is_named(query: dict[str, str], field: str) -> None:
    answer = call("appointments/list_appointments", query=query)

    assert answer.status == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]


def test_a_cursor_belongs_to_its_list(clock: Clock) -> None:
    several(clock, added()["id"], 9, 10, 11)
    cursor = appointments(limit="1", to="2026-03-05")["next_cursor"]

    for query in ({}, {"to": "2026-03-06"}, {"to": "2026-03-05", "status": "scheduled"}):
        assert call("appointments/list_appointments", query={**query, "cursor": cursor}).status == 400
    assert call("appointments/list_appointments", scopes="tasks:read").status == 403
