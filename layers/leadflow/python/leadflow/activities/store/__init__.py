"""Where tasks, appointments and the time that appointments take are kept."""

from leadflow.activities.store.agendas import Agenda, agenda, assignee_key
from leadflow.activities.store.appointments import (
    Appointment,
    appointments_before,
    find_appointment,
    new_appointment,
    page_of_appointments,
    remove_appointment,
    save_appointment,
)
from leadflow.activities.store.tasks import (
    Task,
    find_task,
    insert_task,
    new_task,
    page_of_tasks,
    save_task,
    tasks_before,
)
from leadflow.core.holding import Hold, LeadGone

__all__ = [
    "Agenda",
    "Appointment",
    "Hold",
    "LeadGone",
    "Task",
    "agenda",
    "appointments_before",
    "assignee_key",
    "find_appointment",
    "find_task",
    "insert_task",
    "new_appointment",
    "new_task",
    "page_of_appointments",
    "page_of_tasks",
    "remove_appointment",
    "save_appointment",
    "save_task",
    "tasks_before",
]
