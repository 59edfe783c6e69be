"""Where tasks are kept."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import UnicodeAttribute
from pynamodb.transactions import TransactWrite

from leadflow.activities.enums import SHARDS, TASK_STATUSES
from leadflow.core import assignees, table, timeline
from leadflow.core.holding import Hold, attempt


class Task(table.Item, discriminator="Task"):
    """Something that somebody is to do.

    pk `TSK#<id>`  sk `#`
    GSI1 `TSKS#<status>#<shard>` / `<created_at>#<id>`  tasks of a status, by time
    GSI2 `LEAD#<lead>` / `TSK#<created_at>#<id>`  when it is about one
    GSI3 `TSKA#<keyed hash of assigned_to>#<status>#<shard>` / `<created_at>#<id>`  when it has one
    """

    record_fields = (
        *("id", "lead_id", "title", "description", "due_at", "status", "assigned_to", "created_by_execution"),
        *("created_at", "updated_at"),
    )

    id = UnicodeAttribute()
    lead_id = UnicodeAttribute(null=True)
    title = UnicodeAttribute()
    description = UnicodeAttribute(null=True)
    due_at = UnicodeAttribute(null=True)
    status = UnicodeAttribute(default="open")
    assigned_to = UnicodeAttribute(null=True)
    created_by_execution = UnicodeAttribute(null=True)

    def counted_as(self) -> dict[str, str]:
        return {"status": self.status}

    def place(self) -> None:
        """Puts the task where the lists look for it."""
        time = str(self.created_at)
        places = TASKS.places(self.id, time, status=self.status, lead_id=self.lead_id, assigned_to=self.assigned_to)
        for name, value in places.items():
            setattr(self, name, value)


def find_task(task_id: str) -> Task | None:
    return table.find(Task, f"TSK#{task_id}", "#")


def new_task(task_id: str, fields: dict[str, Any]) -> Task:
    """A task that is about to be written."""
    return Task(pk=f"TSK#{task_id}", sk="#", id=task_id, **fields)


def insert_task(task: Task, hold: Hold | None) -> None:
    """Writes a new task. Raises LeadGone, or table.Stale when there is one of this id or others were in the way."""
    task.touch()
    task.place()

    def add(writes: TransactWrite) -> None:
        writes.save(task, condition=Task.pk.does_not_exist())

    attempt(add, hold)


def save_task(task: Task) -> None:
    """Writes back a task that was read. Raises table.Stale when it has changed or gone since."""
    task.place()
    table.save(task)


TASKS = assignees.Lists(Task, "TSK", TASK_STATUSES, SHARDS)


def tasks_before(lead_id: str, before: str | None, limit: int) -> list[Task]:
    """Tasks about a lead beyond a position of its timeline, newest first."""
    after = None if before is None else f"TSK#{before}"
    return timeline.indexed(Task, "GSI2", f"LEAD#{lead_id}", "TSK#", after, limit)
