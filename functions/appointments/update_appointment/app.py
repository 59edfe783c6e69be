"""PATCH /appointments/{appointment_id} — change some fields of an appointment."""

from leadflow.activities import service
from leadflow.activities.schema import AppointmentUpdate
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(body=AppointmentUpdate, scope="appointments:write", returns="Appointment")
def handler(appointment_id: str, body: AppointmentUpdate, if_match: int | None) -> Record:
    """Fields left out stay. What would book the assignee twice is refused: 409 names the other appointment."""
    return service.update_appointment(appointment_id, body, if_match)
