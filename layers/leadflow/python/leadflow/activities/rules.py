"""When an appointment takes its assignee's time, and what that leaves of a day: pure functions of values.

Times are RFC 3339 in UTC with milliseconds, so they compare as text. A slot runs from its beginning up to, but not
including, its end: one may begin as another ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from leadflow.core import clock

_LAST_INSTANT = timedelta(milliseconds=1)


class Slot(NamedTuple):
    """The time that one appointment takes."""

    appointment_id: str
    begins: str
    ends: str


def ends_at(scheduled_at: str, duration_minutes: int) -> str:
    """When an appointment is over."""
    return clock.stamp(clock.parse(scheduled_at) + timedelta(minutes=duration_minutes))


def slot_of(appointment: Mapping[str, Any]) -> Slot | None:
    """What a scheduled appointment takes of its assignee's time; None when it has none or is not scheduled."""
    if appointment["status"] != "scheduled" or appointment["assigned_to"] is None:
        return None
    begins = appointment["scheduled_at"]
    return Slot(appointment["id"], begins, ends_at(begins, int(appointment["duration_minutes"])))


def days_of(slot: Slot) -> tuple[str, ...]:
    """The UTC days a slot touches, as `2026-03-02`: one, or two when it goes over midnight."""
    last = clock.stamp(clock.parse(slot.ends) - _LAST_INSTANT)
    return tuple(dict.fromkeys((slot.begins[:10], last[:10])))


def in_the_way(booked: Sequence[Slot], wanted: Slot) -> Slot | None:
    """The first slot of another appointment that overlaps the wanted one."""
    return next((slot for slot in booked if _overlaps(slot, wanted)), None)


def rebooked(booked: Sequence[Slot], appointment_id: str, wanted: Slot | None) -> list[Slot]:
    """A day's slots, in order, after this appointment has let go of its own and taken the wanted one."""
    kept = [slot for slot in booked if slot.appointment_id != appointment_id]
    return sorted([*kept, *([wanted] if wanted else [])], key=lambda slot: (slot.begins, slot.appointment_id))


def differences(record: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Of the wanted values those that are new."""
    return {name: value for name, value in wanted.items() if record[name] != value}


def _overlaps(slot: Slot, wanted: Slot) -> bool:
    if slot.appointment_id == wanted.appointment_id:
        return False
    return slot.begins < wanted.ends and wanted.begins < slot.ends
