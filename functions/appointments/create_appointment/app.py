"""POST /appointments — add an appointment."""

from leadflow.activities import service
from leadflow.activities.schema import AppointmentCreate
from leadflow.core.table import Record
from leadflow.entry.api import endpoint


@endpoint(
    body=AppointmentCreate, status=201, scope="appointments:write", returns="Appointment", location="/appointments/{id}"
)
def handler(body: AppointmentCreate) -> Record:
    """Two scheduled appointments of one assignee may not overlap: 409 names the other one."""
    return service.create_appointment(body)
