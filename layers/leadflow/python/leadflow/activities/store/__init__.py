"""Where tasks, appointments and the time that appointments take are kept."""

from leadflow.activities.store.agendas import Agenda, agenda
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
    TASKS,
    Task,
    find_task,
    insert_task,
    new_task,
    save_task,
    tasks_before,
)
from leadflow.core.holding import Hold, LeadGone

__all__ = [
    "TASKS",
    "Agenda",
    "Appointment",
    "Hold",
    "LeadGone",
    "Task",
    "agenda",
    "appointments_before",
    "find_appointment",
    "find_task",
    "insert_task",
    "new_appointment",
    "new_task",
    "page_of_appointments",
    "remove_appointment",
    "save_appointment",
    "save_task",
    "tasks_before",
]
