"""The closed sets of words that tasks and appointments use."""

from __future__ import annotations

from typing import Literal, get_args

TaskStatus = Literal["open", "done", "cancelled"]
AppointmentStatus = Literal["scheduled", "completed", "cancelled", "no_show"]

TASK_STATUSES: tuple[str, ...] = get_args(TaskStatus)
APPOINTMENT_STATUSES: tuple[str, ...] = get_args(AppointmentStatus)

# Of both lists. People write far fewer tasks than leads come in.
SHARDS = 4
MAX_ASSIGNEE = 100
MAX_TITLE = 200
MAX_TEXT = 5000
