"""Messages that wake a worker at a time: by the queue's own delay up to 15 minutes ahead, by a one-off schedule beyond.

They only wake; what is to be done and when stands in the table. A message that is lost is made good by reconcile, one
that comes twice or too early changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from leadflow.core import aws, clock
from leadflow.core.observability import logger
from leadflow.core.settings import settings

Message = dict[str, Any]
# The longest delay SQS takes.
_LONGEST_DELAY = timedelta(seconds=900)
_BATCH = 10


class Queue(NamedTuple):
    """Where messages go: the queue, and for what the scheduler cannot deliver its dead letters."""

    url: str
    arn: str
    dead_letters_arn: str


def tell(url: str, messages: Iterable[Message]) -> int:
    """Sends messages now; gives how many were taken. The rest is for reconcile."""
    waiting, told = list(messages), 0
    for first in range(0, len(waiting), _BATCH):
        batch = waiting[first : first + _BATCH]
        entries = [{"Id": str(number), "MessageBody": json.dumps(one)} for number, one in enumerate(batch)]
        try:
            answer = aws.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)
        except (BotoCoreError, ClientError) as error:
            logger().warning("wake-ups not told", error_type=type(error).__name__)
            continue
        told += len(batch) - len(answer.get("Failed", ()))
    return told


def tell_at(queue: Queue, message: Message, moment: datetime, name: str) -> None:
    """Sees to it that a message comes at a moment, or up to a minute later, or now when it is past.

    `name` (64 characters at most) is that of this message at this moment alone: arranged twice, it comes by one
    schedule. Raises botocore's errors when it cannot be arranged.
    """
    delay = moment - clock.now()
    if delay > _LONGEST_DELAY:
        _schedule(queue, message, moment, name)
        return
    # In whole seconds, rounded up.
    seconds = max(0, -(-delay // timedelta(seconds=1)))
    aws.client("sqs").send_message(QueueUrl=queue.url, MessageBody=json.dumps(message), DelaySeconds=seconds)


def forget(name: str) -> None:
    """Deletes a schedule, if there is one and it has not come yet."""
    scheduler = aws.client("scheduler")
    try:
        scheduler.delete_schedule(GroupName=settings().schedule_group, Name=name)
    except scheduler.exceptions.ResourceNotFoundException:
        return


def second(moment: datetime) -> datetime:
    """The whole second at or after a moment, as the scheduler wants it: UTC without saying so."""
    return (moment + timedelta(microseconds=999_999)).astimezone(UTC).replace(microsecond=0, tzinfo=None)


def _schedule(queue: Queue, message: Message, moment: datetime, name: str) -> None:
    scheduler = aws.client("scheduler")
    try:
        scheduler.create_schedule(
            GroupName=settings().schedule_group,
            Name=name,
            ScheduleExpression=f"at({second(moment).isoformat()})",
            ScheduleExpressionTimezone="UTC",
            FlexibleTimeWindow={"Mode": "OFF"},
            ActionAfterCompletion="DELETE",
            Target={
                "Arn": queue.arn,
                "RoleArn": settings().scheduler_role_arn,
                "Input": json.dumps(message),
                "DeadLetterConfig": {"Arn": queue.dead_letters_arn},
            },
        )
    except scheduler.exceptions.ConflictException:
        # Of this name there is one for this very moment.
        return
