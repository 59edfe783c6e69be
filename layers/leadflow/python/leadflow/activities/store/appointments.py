"""Where appointments are kept, each with the time it takes of its assignee's day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.transactions import TransactWrite

from leadflow.activities.enums import APPOINTMENT_STATUSES, SHARDS
from leadflow.activities.store.agendas import Agenda
from leadflow.core import ids, listing, table, timeline
from leadflow.core.holding import Hold, attempt


class Appointment(table.Item, discriminator="Appointment"):
    """A meeting with a lead.

    pk `APT#<id>`  sk `#`
    GSI1 `APTS#<status>#<shard>` / `<created_at>#<id>`  appointments of a status, by when they were made
    GSI2 `LEAD#<lead>` / `APT#<created_at>#<id>`
    GSI3 `APTC#<status>#<shard>` / `<scheduled_at>#<id>`  appointments of a status, by when they are
    """

    record_fields = (
        *("id", "lead_id", "title", "description", "scheduled_at", "duration_minutes", "status", "assigned_to"),
        *("meeting_link", "notes", "created_at", "updated_at"),
    )

    id = UnicodeAttribute()
    lead_id = UnicodeAttribute()
    title = UnicodeAttribute()
    description = UnicodeAttribute(null=True)
    scheduled_at = UnicodeAttribute()
    duration_minutes = NumberAttribute()
    status = UnicodeAttribute(default="scheduled")
    assigned_to = UnicodeAttribute(null=True)
    meeting_link = UnicodeAttribute(null=True)
    notes = UnicodeAttribute(null=True)

    def counted_as(self) -> dict[str, str]:
        return {"status": self.status}

    def place(self) -> None:
        """Puts the appointment where the lists look for it."""
        shard = ids.shard(self.id, SHARDS)
        self.gsi1pk, self.gsi1sk = f"APTS#{self.status}#{shard}", f"{self.created_at}#{self.id}"
        self.gsi2pk, self.gsi2sk = f"LEAD#{self.lead_id}", f"APT#{self.created_at}#{self.id}"
        self.gsi3pk, self.gsi3sk = f"APTC#{self.status}#{shard}", f"{self.scheduled_at}#{self.id}"


def find_appointment(appointment_id: str) -> Appointment | None:
    return table.find(Appointment, f"APT#{appointment_id}", "#")


def new_appointment(appointment_id: str, fields: dict[str, Any]) -> Appointment:
    """An appointment that is about to be written."""
    return Appointment(pk=f"APT#{appointment_id}", sk="#", id=appointment_id, **fields)


def save_appointment(appointment: Appointment, agendas: Sequence[Agenda], hold: Hold | None = None) -> None:
    """Writes an appointment, new or as it was read, and the agendas that change with it, all or nothing.

    Raises LeadGone, or table.Stale when one of them has changed or gone since or others were in the way.
    """
    appointment.touch()
    appointment.place()

    def change(writes: TransactWrite) -> None:
        writes.save(appointment)
        _write(writes, agendas)

    attempt(change, hold)


def remove_appointment(appointment: Appointment, agendas: Sequence[Agenda]) -> None:
    """Deletes an appointment that was read and writes the agendas that it leaves; raises as `save_appointment`."""

    def change(writes: TransactWrite) -> None:
        writes.delete(appointment)
        _write(writes, agendas)

    attempt(change)


def page_of_appointments(
    *,
    status: str | None,
    lead_ids: Sequence[str],
    between: tuple[str, str] | None,
    keep: Callable[[Appointment], bool],
    limit: int,
    cursor: str | None,
    name: str,
) -> dict[str, Any]:
    """Appointments by when they were made, newest first; `keep` has the last word.

    Those `between` two times (the second excluded) by when they are, latest first; of a lead by when they were made.
    """
    statuses = (status,) if status else APPOINTMENT_STATUSES
    index, prefix, until, beyond = "GSI1", "", "", None
    partitions = [f"APTS#{one}#{shard}" for one in statuses for shard in range(SHARDS)]
    if lead_ids:
        index, prefix, partitions = "GSI2", "APT#", [f"LEAD#{lead_id}" for lead_id in lead_ids]
    elif between is not None:
        index, (until, beyond) = "GSI3", between
        partitions = [f"APTC#{one}#{shard}" for one in statuses for shard in range(SHARDS)]
    return listing.page(
        Appointment,
        index,
        partitions,
        limit=limit,
        cursor=cursor,
        listing=name,
        prefix=prefix,
        until=until,
        beyond=beyond,
        keep=keep,
    )


def appointments_before(lead_id: str, before: str | None, limit: int) -> list[Appointment]:
    """Appointments with a lead beyond a position of its timeline, newest first."""
    after = None if before is None else f"APT#{before}"
    return timeline.indexed(Appointment, "GSI2", f"LEAD#{lead_id}", "APT#", after, limit)


def _write(writes: TransactWrite, agendas: Sequence[Agenda]) -> None:
    for agenda in agendas:
        if agenda.slots:
            agenda.touch()
            writes.save(agenda)
        elif agenda.v is not None:
            writes.delete(agenda)
