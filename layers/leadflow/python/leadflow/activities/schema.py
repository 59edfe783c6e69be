"""What callers send and get about tasks and appointments."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from leadflow.activities.enums import MAX_ASSIGNEE, MAX_TEXT, MAX_TITLE, AppointmentStatus, TaskStatus
from leadflow.core.schema import HttpUrl, Read, Text, Timestamp, Write
from leadflow.leads.schema import Moment

_EARLIEST, _BEYOND = "2000-01-01", "2200-01-01"


def _plannable(value: str) -> str:
    if not _EARLIEST <= value < _BEYOND:
        raise ValueError("must be in the years 2000 to 2199")
    return value


def _null_when_empty(value: str | None) -> str | None:
    return value or None


def _left_alone() -> Any:
    """The value of a field that was not given, where null itself is refused."""
    return None


Title = Annotated[Text, Field(min_length=1, max_length=MAX_TITLE)]
Words = Annotated[Annotated[Text, Field(max_length=MAX_TEXT)] | None, AfterValidator(_null_when_empty)]
Assignee = Annotated[Annotated[Text, Field(max_length=MAX_ASSIGNEE)] | None, AfterValidator(_null_when_empty)]
LeadId = Annotated[Text, Field(min_length=1, max_length=64)]
PlannedTime = Annotated[Moment, AfterValidator(_plannable)]
Minutes = Annotated[int, Field(ge=15, le=480)]


class TaskCreate(Write):
    """Something that somebody is to do, about a lead or about none."""

    lead_id: LeadId | None = None
    title: Title
    description: Words = None
    due_at: PlannedTime | None = None
    status: TaskStatus = "open"
    assigned_to: Assignee = None


class TaskUpdate(Write):
    """A change of a task: fields left out stay, null empties those that may be empty."""

    title: Title = Field(default_factory=_left_alone)
    description: Words = None
    due_at: PlannedTime | None = None
    status: TaskStatus = Field(default_factory=_left_alone)
    assigned_to: Assignee = None


class AppointmentCreate(Write):
    """A meeting with a lead. Scheduled ones of one `assigned_to` may not overlap; one may begin as another ends.

    `assigned_to` is the same person in capitals or not. `meeting_link` is an http or https URL.
    """

    lead_id: LeadId
    title: Title
    description: Words = None
    scheduled_at: PlannedTime
    duration_minutes: Minutes = 30
    status: AppointmentStatus = "scheduled"
    assigned_to: Assignee = None
    meeting_link: HttpUrl | None = None
    notes: Words = None


class AppointmentUpdate(Write):
    """A change of an appointment: fields left out stay, null empties those that may be empty.

    Moving, lengthening, assigning and scheduling again are refused where they would book `assigned_to` twice.
    """

    title: Title = Field(default_factory=_left_alone)
    description: Words = None
    scheduled_at: PlannedTime = Field(default_factory=_left_alone)
    duration_minutes: Minutes = Field(default_factory=_left_alone)
    status: AppointmentStatus = Field(default_factory=_left_alone)
    assigned_to: Assignee = None
    meeting_link: HttpUrl | None = None
    notes: Words = None


class Task(Read):
    """Something that somebody is to do. `created_by_execution` is the run of a workflow that made it."""

    id: str
    lead_id: str | None
    title: str
    description: str | None
    due_at: Timestamp | None
    status: TaskStatus
    assigned_to: str | None
    created_by_execution: str | None
    created_at: Timestamp
    updated_at: Timestamp


class Appointment(Read):
    """A meeting with a lead."""

    id: str
    lead_id: str
    title: str
    description: str | None
    scheduled_at: Timestamp
    duration_minutes: Minutes
    status: AppointmentStatus
    assigned_to: str | None
    meeting_link: str | None
    notes: str | None
    created_at: Timestamp
    updated_at: Timestamp
