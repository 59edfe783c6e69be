"""GET /appointments/{appointment_id} — one appointment."""

from leadflow.activities import service
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(scope="appointments:read", returns="Appointment")
def handler(appointment_id: str) -> Record:
    return service.get_appointment(appointment_id)
