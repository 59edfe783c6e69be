"""What changes of appointments mean to the triggers of workflows."""

from __future__ import annotations

from leadflow.activities import rules, store
from leadflow.core import table
from leadflow.core.events import DomainEvent


def events_of(old: table.Item | None, new: table.Item | None) -> list[DomainEvent]:
    """`appointment_scheduled {appointment_id, scheduled_at, ends_at, duration_minutes}` when one is made as scheduled.

    The appointment's creation is the event's outbox, so moving it or scheduling it again is none. What people wrote
    and whose it is stays out of the data: an action reads it where it is needed.
    """
    if old is not None or not isinstance(new, store.Appointment) or new.status != "scheduled":
        return []
    data = {
        "appointment_id": new.id,
        "scheduled_at": new.scheduled_at,
        "ends_at": rules.ends_at(new.scheduled_at, int(new.duration_minutes)),
        "duration_minutes": int(new.duration_minutes),
    }
    event_id = f"appointment_scheduled#{new.id}"
    return [DomainEvent("appointment_scheduled", event_id, new.lead_id, str(new.created_at), data)]
