"""What wakes time-based triggers and the walks over their audiences."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from leadflow.core import clock, wakeups
from leadflow.core.settings import settings
from leadflow.core.wakeups import Message
from leadflow.workflows.store_triggers import Occurrence, Timetable

__all__ = ["Message", "about", "forget", "tell", "tell_at"]


def about(item: Timetable | Occurrence, at: str | None = None) -> Message:
    """The message that wakes an item; `at` is the moment it is meant for, none when something else is the cause."""
    if isinstance(item, Occurrence):
        return {"occurrence_id": item.id}
    return {"timetable": item.sk, **({"at": at} if at else {})}


def tell(messages: Iterable[Message]) -> int:
    """Sends messages now; gives how many were taken. The rest is for reconcile."""
    return wakeups.tell(settings().timers_queue_url, messages)


def tell_at(message: Message, moment: datetime) -> None:
    """Sees to it that a message comes at a moment, or up to a minute later, or now when it is past.

    Raises botocore's errors when it cannot be arranged.
    """
    queue = wakeups.Queue(settings().timers_queue_url, settings().timers_queue_arn, settings().timers_dead_letters_arn)
    wakeups.tell_at(queue, message, moment, _name(message, moment))


def forget(message: Message) -> None:
    """Deletes the schedule of a message whose timetable is gone, if it has one and has not come yet."""
    if "at" in message:
        wakeups.forget(_name(message, clock.parse(message["at"])))


def _name(message: Message, moment: datetime) -> str:
    """What the schedule of a timetable's moment is called: by trigger, version and time, together unique."""
    _, trigger_id, version = message["timetable"].split("#")
    return f"{trigger_id}-{version}-{wakeups.second(moment):%Y%m%d%H%M%S}"
