"""Reads a table's stream for its functions, as Lambda's event source does, and does not forget where it was.

One thread per reader, in order, each batch until it is done with: retried, cut short where the function says which
record failed, halved where the template asks for it, and given up after the template's attempts.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.emulator.functions import matching
from local.emulator.journal import Journal
from local.host.invoke import FunctionHost
from local.logs import described

log = logging.getLogger("local.streams")

_IDLE_SECONDS = 1.0
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_STOP_SECONDS = 2.0


@dataclass(frozen=True)
class StreamSource:
    """One event source mapping of a table's stream. `attempts` is None when it tries for ever."""

    function: str
    table: str
    stream_arn: str
    batch_size: int
    filters: dict[str, Any]
    bisects: bool
    attempts: int | None
    max_age: int | None


def source(function: str, table: str, stream_arn: str, properties: dict[str, Any]) -> StreamSource:
    """Reads the properties of an AWS::Lambda::EventSourceMapping."""
    retries = properties.get("MaximumRetryAttempts", -1)
    age = properties.get("MaximumRecordAgeInSeconds", -1)
    return StreamSource(
        function=function,
        table=table,
        stream_arn=stream_arn,
        batch_size=properties.get("BatchSize", 100),
        filters=properties.get("FilterCriteria", {}),
        bisects=bool(properties.get("BisectBatchOnFunctionError")),
        attempts=None if retries == -1 else retries + 1,
        max_age=None if age == -1 else age,
    )


class StreamReader:
    """Delivers the changes of one table to one function until it is stopped."""

    def __init__(
        self, source: StreamSource, journal: Journal, host: FunctionHost, give_up: Callable[[dict[str, Any]], None]
    ) -> None:
        self._source = source
        self._journal = journal
        self._host = host
        self._give_up = give_up
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"stream-{source.function}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Takes no further batch; one that is not done within two seconds is delivered again at the next start."""
        self._stopped.set()
        with self._journal.arrived:
            self._journal.arrived.notify_all()
        self._thread.join(_STOP_SECONDS)

    @property
    def function(self) -> str:
        return self._source.function

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        position = self._journal.position(self._source.function)
        while not self._stopped.is_set():
            batch = self._journal.changes(self._source.table, position, self._source.batch_size)
            if batch:
                position = self._deliver(batch)
            else:
                self._wait(position)

    def _wait(self, position: int) -> None:
        with self._journal.arrived:
            if not self._journal.changes(self._source.table, position, 1) and not self._stopped.is_set():
                self._journal.arrived.wait(_IDLE_SECONDS)

    def _deliver(self, batch: list[tuple[int, str]]) -> int:
        """Delivers a batch to the end; gives the number of its last change that is done with."""
        pending = [(number, self._readable(body)) for number, body in batch]
        size, attempt, pause = len(pending), 0, _FIRST_PAUSE
        while pending and not self._stopped.is_set():
            part = pending[:size]
            failed = self._call([record for _, record in part])
            done = part if failed is None else part[:failed]
            if done:
                self._journal.advance(self._source.function, self._source.table, done[-1][0])
                pending, attempt, pause = pending[len(done) :], 0, _FIRST_PAUSE
            if failed is None:
                continue
            attempt += 1
            part = part[len(done) :]
            if self._is_exhausted(attempt, part):
                pending = self._drop(part, pending)
                attempt = 0
            elif self._source.bisects and len(part) > 1:
                size = (len(part) + 1) // 2
            self._stopped.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        return batch[-1][0] if not pending else self._journal.position(self._source.function)

    def _readable(self, body: str) -> dict[str, Any]:
        record: dict[str, Any] = json.loads(body)
        record["eventSourceARN"] = self._source.stream_arn
        return record

    def _call(self, records: list[dict[str, Any]]) -> int | None:
        """Delivers records; None when all are done with, else the index of the first that is not."""
        wanted = matching(records, self._source.filters)
        if not wanted:
            return None
        try:
            answer = self._host.invoke(self._source.function, {"Records": wanted})
        except Exception as error:  # noqa: BLE001 - whatever a function raises fails its batch
            log.error("%s failed on %d changes: %s", self._source.function, len(wanted), described(error))
            return 0
        failures = {f["itemIdentifier"] for f in (answer or {}).get("batchItemFailures", ())}
        if not failures:
            return None
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        return min((numbers.index(number) for number in failures if number in numbers), default=0)

    def _is_exhausted(self, attempt: int, part: list[tuple[int, dict[str, Any]]]) -> bool:
        if self._source.attempts is not None and attempt >= self._source.attempts:
            return True
        oldest = part[0][1]["dynamodb"]["ApproximateCreationDateTime"]
        return self._source.max_age is not None and time.time() - oldest > self._source.max_age

    def _drop(
        self, part: list[tuple[int, dict[str, Any]]], pending: list[tuple[int, dict[str, Any]]]
    ) -> list[tuple[int, dict[str, Any]]]:
        log.error("%s gave up on %d changes", self._source.function, len(part))
        self._give_up(self._note([record for _, record in part]))
        self._journal.advance(self._source.function, self._source.table, part[-1][0])
        return [entry for entry in pending if entry[0] > part[-1][0]]

    def _note(self, records: list[dict[str, Any]]) -> dict[str, Any]:
        """What Lambda sends to a failure destination: which records, not what is in them."""
        first, last = records[0]["dynamodb"], records[-1]["dynamodb"]
        return {
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "requestContext": {"functionArn": self._source.function, "condition": "RetryAttemptsExhausted"},
            "DDBStreamBatchInfo": {
                "startSequenceNumber": first["SequenceNumber"],
                "endSequenceNumber": last["SequenceNumber"],
                "batchSize": len(records),
                "streamArn": self._source.stream_arn,
            },
        }
