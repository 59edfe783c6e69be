"""Messages of the clock: by the queue's own delay up to 15 minutes ahead, by a one-off schedule beyond.

They only wake; what is to be done and when stands in the table. A message that is lost is made good by reconcile, one
that comes twice or too early changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from leadflow.core import aws, clock
from leadflow.core.observability import logger
from leadflow.core.settings import settings
from leadflow.workflows.store_triggers import Occurrence, Timetable

Message = dict[str, Any]
# The longest delay SQS takes.
_LONGEST_DELAY = timedelta(seconds=900)
_BATCH = 10


def about(item: Timetable | Occurrence, at: str | None = None) -> Message:
    """The message that wakes an item; `at` is the moment it is meant for, none when something else is the cause."""
    if isinstance(item, Occurrence):
        return {"occurrence_id": item.id}
    return {"timetable": item.sk, **({"at": at} if at else {})}


def tell(messages: Iterable[Message]) -> int:
    """Sends messages now; gives how many were taken. The rest is for reconcile."""
    waiting, told = list(messages), 0
    for first in range(0, len(waiting), _BATCH):
        batch = waiting[first : first + _BATCH]
        entries = [{"Id": str(number), "MessageBody": json.dumps(one)} for number, one in enumerate(batch)]
        try:
            answer = aws.client("sqs").send_message_batch(QueueUrl=settings().timers_queue_url, Entries=entries)
        except (BotoCoreError, ClientError) as error:
            logger().warning("timers not told", error_type=type(error).__name__)
            continue
        told += len(batch) - len(answer.get("Failed", ()))
    return told


def tell_at(message: Message, moment: datetime) -> None:
    """Sees to it that a message comes at a moment, or up to a minute later, or now when it is past.

    Raises botocore's errors when it cannot be arranged.
    """
    delay = moment - clock.now()
    if delay > _LONGEST_DELAY:
        _schedule(message, moment)
        return
    # In whole seconds, rounded up.
    seconds = max(0, -(-delay // timedelta(seconds=1)))
    body = json.dumps(message)
    aws.client("sqs").send_message(QueueUrl=settings().timers_queue_url, MessageBody=body, DelaySeconds=seconds)


def forget(key: str) -> None:
    """Deletes the schedules of a timetable that is gone; `key` is its sort key."""
    scheduler, group = aws.client("scheduler"), settings().schedule_group
    found = scheduler.list_schedules(GroupName=group, NamePrefix=f"{_name(key)}-")
    for schedule in found["Schedules"]:
        try:
            scheduler.delete_schedule(GroupName=group, Name=schedule["Name"])
        except scheduler.exceptions.ResourceNotFoundException:
            # It came at this very moment, and was deleted by that.
            continue


def _schedule(message: Message, moment: datetime) -> None:
    second = (moment + timedelta(microseconds=999_999)).astimezone(UTC).replace(microsecond=0, tzinfo=None)
    scheduler = aws.client("scheduler")
    try:
        scheduler.create_schedule(
            GroupName=settings().schedule_group,
            Name=f"{_name(message['timetable'])}-{second:%Y%m%d%H%M%S}",
            ScheduleExpression=f"at({second.isoformat()})",
            ScheduleExpressionTimezone="UTC",
            FlexibleTimeWindow={"Mode": "OFF"},
            ActionAfterCompletion="DELETE",
            Target={
                "Arn": settings().timers_queue_arn,
                "RoleArn": settings().scheduler_role_arn,
                "Input": json.dumps(message),
                "DeadLetterConfig": {"Arn": settings().timers_dead_letters_arn},
            },
        )
    except scheduler.exceptions.ConflictException:
        # Of this name there is one for this very moment.
        return


def _name(key: str) -> str:
    """What schedules of a timetable begin with: its trigger and version, together unique."""
    _, trigger_id, version = key.split("#")
    return f"{trigger_id}-{version}"
