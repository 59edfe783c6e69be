"""Use cases of tasks and appointments, a module each, so that a door loads what it needs.

What doors and other wings call is found here under one name, and loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadflow.activities.service.appointments import (
        create_appointment,
        get_appointment,
        list_appointments,
        update_appointment,
    )
    from leadflow.activities.service.tasks import (
        add_task,
        create_task,
        find_task,
        get_task,
        list_tasks,
        task_id_of,
        update_task,
    )

__all__ = [
    "add_task",
    "create_appointment",
    "create_task",
    "find_task",
    "get_appointment",
    "get_task",
    "list_appointments",
    "list_tasks",
    "task_id_of",
    "update_appointment",
    "update_task",
]

_HOMES = {
    "add_task": "leadflow.activities.service.tasks",
    "create_appointment": "leadflow.activities.service.appointments",
    "create_task": "leadflow.activities.service.tasks",
    "find_task": "leadflow.activities.service.tasks",
    "get_appointment": "leadflow.activities.service.appointments",
    "get_task": "leadflow.activities.service.tasks",
    "list_appointments": "leadflow.activities.service.appointments",
    "list_tasks": "leadflow.activities.service.tasks",
    "task_id_of": "leadflow.activities.service.tasks",
    "update_appointment": "leadflow.activities.service.appointments",
    "update_task": "leadflow.activities.service.tasks",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(_HOMES[name]), name)
