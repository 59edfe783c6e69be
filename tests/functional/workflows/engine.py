"""Drives the engine as the platform would: stream to reader, queued start to state machine, wait to clock."""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import Any

from leadflow.core import aws
from leadflow.core.settings import settings
from tests.harness import Clock, door


class Engine:
    """The platform's part of a run, one step at a time."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._place = ""
        self.asleep: list[tuple[datetime, dict[str, Any]]] = []

    def changes(self) -> list[dict[str, Any]]:
        """Stream records not read yet, as Lambda gets them."""
        streams = aws.client("dynamodbstreams")
        self._place = self._place or _start_of_stream()
        fresh: list[dict[str, Any]] = []
        while True:
            answer = streams.get_records(ShardIterator=self._place, Limit=1000)
            self._place = answer["NextShardIterator"]
            if not answer["Records"]:
                return fresh
            fresh += answer["Records"]

    def deliver(self, records: list[dict[str, Any]] | None = None) -> None:
        """Hands changes to both readers of the stream."""
        records = self.changes() if records is None else records
        for name in ("workflows/dispatch_changes", "campaigns/project_counters"):
            assert door(name)({"Records": records}, None) == {"batchItemFailures": []}

    def starts(self) -> list[dict[str, Any]]:
        """Queued starts, taken from the queue."""
        taken: list[dict[str, Any]] = []
        while True:
            answer = aws.client("sqs").receive_message(QueueUrl=settings().starts_queue_url, MaxNumberOfMessages=10)
            messages = answer.get("Messages", [])
            if not messages:
                return taken
            for message in messages:
                taken.append(json.loads(message["Body"]))
                aws.client("sqs").delete_message(
                    QueueUrl=settings().starts_queue_url, ReceiptHandle=message["ReceiptHandle"]
                )

    def segment(self, start: dict[str, Any]) -> str:
        """One call of the task and what comes of it."""
        outcome: dict[str, Any] = door("workflows/run_segment")(dict(start), None)
        if outcome["next"] == "wait":
            self.asleep.append((datetime.fromisoformat(outcome["wait_until"]), start))
        if outcome["next"] == "continue":
            return self.segment(start)
        return str(outcome["next"])

    def run(self) -> None:
        """Everything that can happen now and by waiting, until nothing is left."""
        while True:
            self.deliver()
            starts = self.starts()
            for start in starts:
                self.segment(start)
            if starts:
                continue
            if not self.asleep:
                return
            self.asleep.sort(key=lambda one: (one[0], one[1]["execution_id"]))
            moment, start = self.asleep.pop(0)
            self.clock.moment = max(self.clock.moment, moment)
            self.segment(start)


def _start_of_stream() -> str:
    """The iterator at the oldest change of the table."""
    streams = aws.client("dynamodbstreams")
    arn = aws.client("dynamodb").describe_table(TableName=os.environ["TABLE_NAME"])["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    answer = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    return str(answer["ShardIterator"])
