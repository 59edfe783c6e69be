"""What appointments take of a day, by values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.activities import rules
from leadflow.activities.rules import Slot
from leadflow.core import clock

START = datetime(2026, 3, 4, 20, 0, tzinfo=UTC)


def slot(begin: int, minutes: int, name: str = "A") -> Slot:
    """A slot that begins so many minutes after 20:00."""
    begins = clock.stamp(START + timedelta(minutes=begin))
    return Slot(name, begins, rules.ends_at(begins, minutes))


def appointment(**fields: Any) -> dict[str, Any]:
    usual = {"scheduled_at": clock.stamp(START), "duration_minutes": 30, "status": "scheduled", "assigned_to": "Sam"}
    return {"id": "A", **usual, **fields}


def test_only_a_scheduled_appointment_with_an_assignee_takes_time() -> None:
    assert rules.slot_of(appointment()) == slot(0, 30)
    for fields in ({"assigned_to": None}, {"status": "cancelled"}, {"status": "completed"}, {"status": "no_show"}):
        assert rules.slot_of(appointment(**fields)) is None


@pytest.mark.parametrize(
    ("begin", "minutes", "days"),
    [
        (0, 30, ("2026-03-04",)),
        (0, 240, ("2026-03-04",)),
        (0, 241, ("2026-03-04", "2026-03-05")),
        (239, 15, ("2026-03-04", "2026-03-05")),
        (240, 480, ("2026-03-05",)),
    ],
)
def test_the_days_a_slot_touches(begin: int, minutes: int, days: tuple[str, ...]) -> None:
    assert rules.days_of(slot(begin, minutes)) == days


@given(
    one=st.tuples(st.integers(0, 600), st.integers(15, 480)), two=st.tuples(st.integers(0, 600), st.integers(15, 480))
)
def test_slots_are_in_each_others_way_when_they_share_a_minute(one: tuple[int, int], two: tuple[int, int]) -> None:
    shared = set(range(one[0], one[0] + one[1])) & set(range(two[0], two[0] + two[1]))
    first, second = slot(*one, "A"), slot(*two, "B")

    assert (rules.in_the_way([first], second) == first) is bool(shared)
    assert (rules.in_the_way([second], first) == second) is bool(shared)
    assert rules.in_the_way([first], first._replace(ends=second.ends)) is None
    if shared:
        assert set(rules.days_of(first)) & set(rules.days_of(second)), "who shares time shares a day's agenda"


def test_an_appointment_has_one_slot_of_a_day_at_most() -> None:
    day = rules.rebooked([slot(60, 30, "B")], "A", slot(0, 30))
    assert [one.appointment_id for one in day] == ["A", "B"]
    assert rules.rebooked(day, "A", slot(120, 30)) == [slot(60, 30, "B"), slot(120, 30)]
    assert rules.rebooked(day, "A", None) == [slot(60, 30, "B")]
    assert rules.rebooked([], "A", None) == []


def test_differences_are_what_is_new() -> None:
    assert rules.differences({"a": 1, "b": None}, {"a": 1, "b": 2}) == {"b": 2}
