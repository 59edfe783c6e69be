"""Use cases of appointments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from leadflow.activities import rules, store
from leadflow.activities.service.booking import rebooked
from leadflow.activities.service.writing import TURNS, crowded_out, no_such_lead
from leadflow.core import ids, table
from leadflow.core.assignees import same_person
from leadflow.core.errors import InvalidInput, NotFound, PreconditionFailed
from leadflow.core.table import Record
from leadflow.leads import service as leads

if TYPE_CHECKING:
    from leadflow.activities.schema import AppointmentCreate, AppointmentUpdate

# Ends of a list of times that is open on one side.
_BEFORE_ALL, _AFTER_ALL = "0", "9"


def create_appointment(body: AppointmentCreate) -> Record:
    """Adds an appointment and takes its assignee's time.

    Within `ids.repeatable` a repeated request is given the appointment of its earlier try. Raises InvalidInput when
    there is no such lead, Conflict naming the appointment that its assignee has at that time, RateLimited when
    crowded out.
    """
    fields, appointment_id = body.model_dump(), ids.new_id()
    for turn in TURNS:
        earlier = store.find_appointment(appointment_id) if turn or ids.is_repeated() else None
        if earlier is not None:
            return earlier.record()
        appointment = store.new_appointment(appointment_id, fields)
        try:
            store.save_appointment(appointment, rebooked(None, appointment.record()), leads.hold(body.lead_id))
        except store.LeadGone:
            raise no_such_lead(body.lead_id) from None
        except table.Stale:
            continue
        return appointment.record()
    raise crowded_out("Appointment", appointment_id)


def get_appointment(appointment_id: str) -> Record:
    """One appointment, read consistently. Raises NotFound."""
    return _load(appointment_id).record()


def update_appointment(appointment_id: str, body: AppointmentUpdate, if_match: int | None) -> Record:
    """Changes the fields given, and the time taken with them; what changes nothing writes nothing.

    Raises NotFound, PreconditionFailed when `if_match` is not the appointment's version, Conflict as
    `create_appointment` does, RateLimited when crowded out.
    """
    wanted = body.model_dump(exclude_unset=True)
    for _ in TURNS:
        appointment = _load(appointment_id)
        if if_match is not None and appointment.v != if_match:
            raise PreconditionFailed(f"Appointment {appointment_id} is at another version; read it again.")
        before = appointment.record()
        changes = rules.differences(before, wanted)
        if not changes:
            return before
        for name, value in changes.items():
            setattr(appointment, name, value)
        try:
            store.save_appointment(appointment, rebooked(before, appointment.record()))
        except table.Stale:
            continue
        return appointment.record()
    raise crowded_out("Appointment", appointment_id)


def list_appointments(*, limit: int, cursor: str | None, **filters: str | None) -> dict[str, Any]:
    """Appointments that match all of `status`, `lead_id`, `assigned_to`, `from` and `to` that are given.

    Newest first; with `from` (included) or `to` (excluded), which are about `scheduled_at`, latest first, unless it is
    a list of one lead. Raises InvalidInput for times in the wrong order, MalformedRequest for a cursor of another list.
    """
    status, lead_id, begin, end = (filters.get(name) for name in ("status", "lead_id", "from", "to"))
    person = filters.get("assigned_to")
    person = None if person is None else same_person(person)
    lead_ids = [] if lead_id is None else leads.known_as(lead_id)
    if begin is not None and end is not None and end <= begin:
        raise InvalidInput("to", "must be after from")

    def keep(one: store.Appointment) -> bool:
        return (
            (status is None or one.status == status)
            and (lead_id is None or one.lead_id in lead_ids)
            and (person is None or (one.assigned_to is not None and same_person(one.assigned_to) == person))
            and (begin is None or one.scheduled_at >= begin)
            and (end is None or one.scheduled_at < end)
        )

    return store.page_of_appointments(
        status=status,
        lead_ids=lead_ids,
        between=(begin or _BEFORE_ALL, end or _AFTER_ALL) if begin or end else None,
        keep=keep,
        limit=limit,
        cursor=cursor,
        name=f"appointments?{json.dumps({**filters, 'assigned_to': person}, sort_keys=True)}",
    )


def _load(appointment_id: str) -> store.Appointment:
    appointment = store.find_appointment(appointment_id)
    if appointment is None:
        raise NotFound("appointment", appointment_id)
    return appointment
