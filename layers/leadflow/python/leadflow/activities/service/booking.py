"""The time that appointments take of their assignees' days, so that nobody is booked twice.

An agenda is read and written with its version in the transaction of the appointment: of any number of requests for
the same time one is written, and the others read again and find it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadflow.activities import rules, store
from leadflow.core import assignees
from leadflow.core.errors import Conflict

_Booking = tuple[str, rules.Slot]


def rebooked(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[store.Agenda]:
    """The agendas that change when an appointment does; None stands for one that is not there.

    Raises Conflict naming the appointment that is in the way.
    """
    held, wanted = _booking(before), _booking(after)
    if held == wanted:
        return []
    let_go = [_without(held[1], store.agenda(*place)) for place in sorted(_places(held) - _places(wanted)) if held]
    taken = [_with(wanted[1], store.agenda(*place)) for place in sorted(_places(wanted)) if wanted]
    return [*let_go, *taken]


def _booking(appointment: Mapping[str, Any] | None) -> _Booking | None:
    """Whose time is taken, and which."""
    slot = None if appointment is None else rules.slot_of(appointment)
    if appointment is None or slot is None:
        return None
    return assignees.key_of(appointment["assigned_to"]), slot


def _places(booking: _Booking | None) -> set[tuple[str, str]]:
    """The agendas that a booking stands in, by assignee and day."""
    return set() if booking is None else {(booking[0], day) for day in rules.days_of(booking[1])}


def _without(slot: rules.Slot, agenda: store.Agenda) -> store.Agenda:
    agenda.keep(rules.rebooked(_booked(agenda), slot.appointment_id, None))
    return agenda


def _with(slot: rules.Slot, agenda: store.Agenda) -> store.Agenda:
    """The agenda with this slot in place of what its appointment has there now."""
    other = rules.in_the_way(_booked(agenda), slot)
    if other is not None:
        taken = f"from {other.begins} to {other.ends}"
        raise Conflict(f"assigned_to: has appointment {other.appointment_id} {taken}.", other.appointment_id)
    agenda.keep(rules.rebooked(_booked(agenda), slot.appointment_id, slot))
    return agenda


def _booked(agenda: store.Agenda) -> list[rules.Slot]:
    return [rules.Slot(*slot) for slot in agenda.slots]
