"""A person's tasks and appointments are erased; the time that was taken for them is free again."""

from __future__ import annotations

from leadflow.activities import store
from leadflow.activities.service.booking import rebooked
from leadflow.activities.service.writing import TURNS
from leadflow.core import removal, table
from leadflow.core.errors import InProgress


def erase_person(lead_id: str) -> int:
    """Removes what is left, safe to repeat; gives how many items that were."""
    tasks = removal.remove(removal.keys_about(lead_id, "TSK#"))
    return tasks + sum(_erase(pk.removeprefix("APT#")) for pk, _ in removal.keys_about(lead_id, "APT#"))


def _erase(appointment_id: str) -> int:
    """The appointment and its place in agendas, in one transaction."""
    for _ in TURNS:
        appointment = store.find_appointment(appointment_id)
        if appointment is None:
            return 0
        try:
            store.remove_appointment(appointment, rebooked(appointment.record(), None))
        except table.Stale:
            continue
        return 1
    raise InProgress(f"Appointment {appointment_id} is being changed; it is erased by the next try.")
