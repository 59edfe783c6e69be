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


def forget(message: Message) -> None:
    """Deletes the schedule of a message whose timetable is gone, if it has one and has not come yet."""
    if "at" not in message:
        return
    scheduler = aws.client("scheduler")
    try:
        scheduler.delete_schedule(GroupName=settings().schedule_group, Name=_name(message, clock.parse(message["at"])))
    except scheduler.exceptions.ResourceNotFoundException:
        return


def _schedule(message: Message, moment: datetime) -> None:
    scheduler = aws.client("scheduler")
    try:
        scheduler.create_schedule(
            GroupName=settings().schedule_group,
            Name=_name(message, moment),
            ScheduleExpression=f"at({_second(moment).isoformat()})",
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


def _second(moment: datetime) -> datetime:
    """The whole second at or after a moment, as the scheduler wants it: UTC without saying so."""
    return (moment + timedelta(microseconds=999_999)).astimezone(UTC).replace(microsecond=0, tzinfo=None)


def _name(message: Message, moment: datetime) -> str:
    """What the schedule of a timetable's moment is called: by trigger, version and time, together unique."""
    _, trigger_id, version = message["timetable"].split("#")
    return f"{trigger_id}-{version}-{_second(moment):%Y%m%d%H%M%S}"
