"""The clock's part in time-based triggers: delayed messages, one-off schedules, and what they wake."""

from __future__ import annotations

import contextvars
import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends

from leadflow.core import aws
from leadflow.core.settings import settings
from tests.functional.workflows.test_dispatch_changes import runs_of
from tests.harness import Clock, call, door


class Timers:
    """Messages and schedules, brought at their time by a clock that jumps from one to the next."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._coming: list[tuple[datetime, int, dict[str, Any]]] = []
        self._count = 0

    def messages(self) -> list[tuple[datetime, dict[str, Any]]]:
        """What has been sent since, with the time it comes; taken off the queue, whose delays are in real time."""
        sqs = sqs_backends[DEFAULT_ACCOUNT_ID][os.environ["AWS_REGION"]]
        queue = next(q for q in sqs.queues.values() if q.name == "timers")
        taken, queue._messages = queue._messages, []
        return [(self.clock() + timedelta(milliseconds=_delay(one)), json.loads(one.body)) for one in taken]

    def schedules(self) -> dict[str, tuple[datetime, dict[str, Any]]]:
        """Schedules by name: when each comes, and with what."""
        scheduler, group = aws.client("scheduler"), settings().schedule_group
        found = {}
        for one in scheduler.list_schedules(GroupName=group)["Schedules"]:
            full = scheduler.get_schedule(GroupName=group, Name=one["Name"])
            assert full["ScheduleExpressionTimezone"] == "UTC"
            assert full["ActionAfterCompletion"] == "DELETE"
            at = datetime.fromisoformat(full["ScheduleExpression"].removeprefix("at(").removesuffix(")"))
            found[one["Name"]] = (at.replace(tzinfo=UTC), json.loads(full["Target"]["Input"]))
        return found

    def lose(self) -> None:
        """Everything that would wake anything vanishes."""
        self.messages()
        self._coming.clear()
        for name in self.schedules():
            aws.client("scheduler").delete_schedule(GroupName=settings().schedule_group, Name=name)

    def bring(self, *messages: dict[str, Any]) -> list[str]:
        """Hands messages to the worker; the numbers of those that it gave back."""
        records = [{"messageId": str(number), "body": json.dumps(one)} for number, one in enumerate(messages)]
        answer = door("workflows/fire_time_trigger")({"Records": records}, None)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def run_until(self, moment: datetime, *, twice: bool = False) -> None:
        """Brings all that comes up to this time; every message twice when asked."""
        while True:
            self._collect()
            if not self._coming or self._coming[0][0] > moment:
                break
            at, _, message = self._coming.pop(0)
            self.clock.moment = max(self.clock.moment, at)
            for _ in range(2 if twice else 1):
                assert self.bring(message) == []
        self.clock.moment = max(self.clock.moment, moment)

    def _collect(self) -> None:
        fresh = self.messages()
        for name, one in self.schedules().items():
            aws.client("scheduler").delete_schedule(GroupName=settings().schedule_group, Name=name)
            fresh.append(one)
        for at, message in fresh:
            self._count += 1
            self._coming.append((at, self._count, message))
        self._coming.sort(key=lambda one: one[:2])


def _delay(message: Any) -> float:
    return max(0.0, round((message.delayed_until - message.sent_timestamp) / 1000) * 1000.0)


def reconciled() -> dict[str, int]:
    counts: dict[str, int] = door("platform/reconcile")({}, None)
    return counts


def fired(workflow_id: str) -> list[tuple[str, int]]:
    """When a workflow's runs were scheduled and how many moments were missed before, oldest first."""
    runs = [run["trigger_data"] for run in reversed(runs_of(workflow_id))]
    return [(data["scheduled_at"], data["missed"]) for data in runs]


def paused(workflow_id: str) -> None:
    assert call("workflows/pause_workflow", path={"workflow_id": workflow_id}).status == 200


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def at_transaction(number: int, act: Any) -> Any:
    """A rival acts right before the n-th transaction."""
    made = [0]
    events = aws.client("dynamodb").meta.events

    class Rival:
        def __enter__(self) -> None:
            events.register("before-call.dynamodb.TransactWriteItems", self.count)

        def __exit__(self, *_: object) -> None:
            events.unregister("before-call.dynamodb.TransactWriteItems", self.count)
            assert made[0] >= number

        def count(self, **_: Any) -> None:
            made[0] += 1
            if made[0] == number:
                contextvars.Context().run(act)

    return Rival()


def source(name: str) -> dict[str, Any]:
    return {"field": "lead.source", "op": "eq", "value": name}


def all_runs(workflow_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    query: dict[str, str] = {"limit": "100"}
    while True:
        page = call("executions/list_executions", path={"workflow_id": workflow_id}, query=query).json
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]
