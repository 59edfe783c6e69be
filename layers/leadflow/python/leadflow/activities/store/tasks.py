"""Where tasks are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pynamodb.attributes import UnicodeAttribute
from pynamodb.transactions import TransactWrite

from leadflow.activities.enums import SHARDS, TASK_STATUSES
from leadflow.core import ids, listing, table, timeline
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

    def place(self, assignee_key: str | None) -> None:
        """Puts the task where the lists look for it."""
        shard, by_time = ids.shard(self.id, SHARDS), f"{self.created_at}#{self.id}"
        self.gsi1pk, self.gsi1sk = f"TSKS#{self.status}#{shard}", by_time
        if self.lead_id is not None:
            self.gsi2pk, self.gsi2sk = f"LEAD#{self.lead_id}", f"TSK#{by_time}"
        self.gsi3pk = self.gsi3sk = None
        if assignee_key is not None:
            self.gsi3pk, self.gsi3sk = f"TSKA#{assignee_key}#{self.status}#{shard}", by_time


def find_task(task_id: str) -> Task | None:
    return table.find(Task, f"TSK#{task_id}", "#")


def new_task(task_id: str, fields: dict[str, Any]) -> Task:
    """A task that is about to be written."""
    return Task(pk=f"TSK#{task_id}", sk="#", id=task_id, **fields)


def insert_task(task: Task, assignee_key: str | None, hold: Hold | None) -> None:
    """Writes a new task. Raises LeadGone, or table.Stale when there is one of this id or others were in the way."""
    task.touch()
    task.place(assignee_key)

    def add(writes: TransactWrite) -> None:
        writes.save(task, condition=Task.pk.does_not_exist())

    attempt(add, hold)


def save_task(task: Task, assignee_key: str | None) -> None:
    """Writes back a task that was read. Raises table.Stale when it has changed or gone since."""
    task.place(assignee_key)
    table.save(task)


def page_of_tasks(
    *,
    status: str | None,
    lead_ids: Sequence[str],
    assignee_key: str | None,
    keep: Callable[[Task], bool],
    limit: int,
    cursor: str | None,
    name: str,
) -> dict[str, Any]:
    """Tasks, newest first; `keep` has the last word, on the tasks as they are now."""
    index, prefix = ("GSI1", "TSKS") if assignee_key is None else ("GSI3", f"TSKA#{assignee_key}")
    statuses, begin = (status,) if status else TASK_STATUSES, ""
    partitions = [f"{prefix}#{one}#{shard}" for one in statuses for shard in range(SHARDS)]
    if lead_ids:
        index, begin, partitions = "GSI2", "TSK#", [f"LEAD#{lead_id}" for lead_id in lead_ids]
    return listing.page(Task, index, partitions, limit=limit, cursor=cursor, listing=name, prefix=begin, keep=keep)


def tasks_before(lead_id: str, before: str | None, limit: int) -> list[Task]:
    """Tasks about a lead beyond a position of its timeline, newest first."""
    after = None if before is None else f"TSK#{before}"
    return timeline.indexed(Task, "GSI2", f"LEAD#{lead_id}", "TSK#", after, limit)
