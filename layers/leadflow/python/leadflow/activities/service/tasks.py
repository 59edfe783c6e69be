"""Use cases of tasks."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from leadflow.activities import rules, store
from leadflow.activities.service.writing import TURNS, crowded_out, no_such_lead
from leadflow.core import ids, table
from leadflow.core.assignees import same_person
from leadflow.core.errors import NotFound, PreconditionFailed
from leadflow.core.table import Record
from leadflow.leads import service as leads

if TYPE_CHECKING:
    from leadflow.activities.schema import TaskCreate, TaskUpdate


def create_task(body: TaskCreate) -> Record:
    """Adds a task. Raises InvalidInput when there is no such lead, RateLimited when crowded out.

    Within `ids.repeatable` a repeated request is given the task of its earlier try.
    """
    task = _added(store.new_task(ids.new_id(), body.model_dump()))
    if task is None:
        raise no_such_lead(str(body.lead_id))
    return task.record()


def task_id_of(begun_at: datetime, cause: tuple[str, ...]) -> str:
    """The id of the task that belongs to this cause; `begun_at` is a moment that goes with it for good."""
    return ids.derived_id(begun_at, "task", *cause)


def add_task(task_id: str, body: TaskCreate, *, execution_id: str) -> Record | None:
    """Adds the task of a workflow's run under an id that follows from its cause, or finds it there.

    None when its lead is gone. Raises RateLimited when crowded out; nothing was written then.
    """
    task = _added(store.new_task(task_id, {**body.model_dump(), "created_by_execution": execution_id}))
    return None if task is None else task.record()


def get_task(task_id: str) -> Record:
    """One task, read consistently. Raises NotFound."""
    return _load(task_id).record()


def find_task(task_id: str) -> Record | None:
    """One task; None when there is none."""
    task = store.find_task(task_id)
    return None if task is None else task.record()


def update_task(task_id: str, body: TaskUpdate, if_match: int | None) -> Record:
    """Changes the fields given; what changes nothing writes nothing.

    Raises NotFound, PreconditionFailed when `if_match` is not the task's version, RateLimited when crowded out.
    """
    wanted = body.model_dump(exclude_unset=True)
    for _ in TURNS:
        task = _load(task_id)
        if if_match is not None and task.v != if_match:
            raise PreconditionFailed(f"Task {task_id} is at another version; read it again.")
        changes = rules.differences(task.record(), wanted)
        if not changes:
            return task.record()
        for name, value in changes.items():
            setattr(task, name, value)
        try:
            store.save_task(task)
        except table.Stale:
            continue
        return task.record()
    raise crowded_out("Task", task_id)


def list_tasks(
    *,
    limit: int,
    cursor: str | None,
    status: str | None = None,
    lead_id: str | None = None,
    assigned_to: str | None = None,
) -> dict[str, Any]:
    """Tasks that match all filters given, newest first. Raises MalformedRequest for a cursor of another list."""
    person = None if assigned_to is None else same_person(assigned_to)
    lead_ids = [] if lead_id is None else leads.known_as(lead_id)

    def keep(task: store.Task) -> bool:
        return (
            (status is None or task.status == status)
            and (lead_id is None or task.lead_id in lead_ids)
            and (person is None or (task.assigned_to is not None and same_person(task.assigned_to) == person))
        )

    filters = {"status": status, "lead_id": lead_id, "assigned_to": person}
    return store.TASKS.page(
        status=status,
        lead_ids=lead_ids,
        assigned_to=assigned_to,
        keep=keep,
        limit=limit,
        cursor=cursor,
        name=f"tasks?{json.dumps(filters, sort_keys=True)}",
    )


def _added(task: store.Task) -> store.Task | None:
    """The task, written now or by an earlier try under the same id; None when its lead is gone."""
    hold = None if task.lead_id is None else leads.hold(task.lead_id)
    for _ in TURNS:
        try:
            store.insert_task(task, hold)
        except store.LeadGone:
            return None
        except table.Stale:
            earlier = store.find_task(task.id)
            if earlier is not None:
                return earlier
            continue
        return task
    raise crowded_out("Task", task.id)


def _load(task_id: str) -> store.Task:
    task = store.find_task(task_id)
    if task is None:
        raise NotFound("task", task_id)
    return task
