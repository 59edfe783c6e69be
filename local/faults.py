"""What AWS may do to a program at its boundary, done on purpose: for chaos runs of the one-machine mode.

With FAULTS=<seed> in the environment, calls of functions to AWS are throttled, conflict, lose their answer after they
took effect, are repeated by the SDK, or do only a part of a batch; functions die before or after a call; messages and
stream batches come late, in another order, twice, or again after they were done. What was done is in `faults.jsonl` of
the data directory, a line each, written before it happens, so that it outlives a process that is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

BOOK = "faults.jsonl"

# How often, of the occasions there are. Most functions make some ten calls, so of a hundred runs about five are struck;
# a cohort of a thousand mails makes a thousand, so it hardly ever comes through in one piece.
RATES = {
    "died before a call": 0.0005,
    "died after a call": 0.0005,
    "throttled": 0.003,
    "transaction conflict": 0.02,
    "answer lost": 0.001,
    "repeated by the SDK": 0.001,
    "part of a batch": 0.08,
    "messages reordered": 0.3,
    "delivered late": 0.1,
    "delivered twice": 0.1,
    "done but not said": 0.03,
}
_LATE_SECONDS = 1.5
_READING = ("Get", "BatchGet", "TransactGet", "Query", "Scan", "List", "Describe")
_SERVICES = ("sqs", "stepfunctions", "sfn", "scheduler", "eventbridge", "events", "s3", "kms")
_METADATA = {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0}

Answer = tuple[Any, dict[str, Any]]
Call = Callable[[dict[str, Any]], Answer]
Invoke = Callable[[Any], Any]


class Died(BaseException):
    """The process of a function ended. Not an Exception, so that nothing which handles errors handles it."""


class FunctionDied(Exception):
    """What who called a function is told when its process ended."""


class Faults:
    """The faults of one run of the host. All methods may be called from any thread."""

    def __init__(self, seed: int, directory: Path) -> None:
        """A restart goes on from what was done before, so that it is not the same again."""
        book = directory / BOOK
        self._chance = random.Random(f"{seed} {book.stat().st_size if book.exists() else 0}")  # noqa: S311 - chosen
        self._book = os.open(book, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._lock = threading.Lock()
        self._at_work = threading.local()
        self._begun = False

    def install(self) -> None:
        """Reaches the services that are called over HTTP, in every botocore session made from now on.

        Tables are reached by `around`, since their calls take a shorter way.
        """
        from botocore import handlers

        for service in _SERVICES:
            handlers.BUILTIN_HANDLERS.append((f"before-call.{service}", self._before))
            handlers.BUILTIN_HANDLERS.append((f"after-call.{service}", self._after))

    def begin(self) -> None:
        """Strikes from now on: what is done once when a host starts is not repeated by anybody."""
        self._begun = True

    def around(self, operation: str, params: dict[str, Any], call: Call) -> Answer:
        """One call to the table by a function, with what may befall it. Raises Died and ReadTimeoutError."""
        if self._function is None:
            return call(params)
        refused = self._refused(operation) or self._conflict(operation, params)
        if refused is not None:
            return refused
        answer = self._in_part(operation, params, call) or call(params)
        if operation.startswith(_READING):
            return answer
        # A transaction carries a token by which a repetition is known; any other write meets what it wrote itself.
        if operation != "TransactWriteItems" and self._strikes("repeated by the SDK", operation):
            answer = call(params)
        self._lose(operation)
        return answer

    def invoke(self, function: str, event: Any, call: Invoke) -> Any:
        """One invocation of a function. Raises FunctionDied, also for one that did its work and could not say so."""
        records = event.get("Records") if isinstance(event, dict) else None
        if not records:
            return self._run(function, event, call)
        queued = "dynamodb" not in records[0]
        if queued and len(records) > 1 and not _in_order(records) and self._strikes("messages reordered", function):
            event = {**event, "Records": self._shuffled(records)}
        if queued and self._strikes("delivered late", function):
            time.sleep(self._moment())
        answer = self._run(function, event, call)
        if self._strikes("delivered twice", function):
            self._again(function, event, call)
        if self._strikes("done but not said", function):
            raise FunctionDied(f"{function} ended before it could say that it was done")
        return answer

    # -- how it is done

    @property
    def _function(self) -> str | None:
        return getattr(self._at_work, "function", None)

    @property
    def _dead(self) -> bool:
        return getattr(self._at_work, "dead", False)

    @contextlib.contextmanager
    def _working(self, function: str, *, mortal: bool) -> Iterator[None]:
        before = self._function, self._dead
        self._at_work.function, self._at_work.dead, self._at_work.mortal = function, False, mortal
        try:
            yield
        finally:
            self._at_work.function, self._at_work.dead = before

    def _run(self, function: str, event: Any, call: Invoke) -> Any:
        with self._working(function, mortal=not (isinstance(event, dict) and "requestContext" in event)):
            try:
                return call(event)
            except Died as death:
                raise FunctionDied(str(death)) from None

    def _again(self, function: str, event: Any, call: Invoke) -> None:
        def once_more() -> None:
            # It is a copy: nobody waits for what becomes of it.
            with contextlib.suppress(Exception):
                self._run(function, event, call)

        timer = threading.Timer(self._moment(), once_more)
        timer.daemon = True
        timer.start()

    def _refused(self, operation: str) -> Answer | None:
        self._die("died before a call", operation)
        if self._strikes("throttled", operation):
            return _error("ThrottlingException")
        return None

    def _conflict(self, operation: str, params: dict[str, Any]) -> Answer | None:
        if operation != "TransactWriteItems" or not self._strikes("transaction conflict", operation):
            return None
        reasons: list[dict[str, str]] = [{"Code": "None"} for _ in json.loads(params["body"])["TransactItems"]]
        reasons[-1] = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
        return _error("TransactionCanceledException", CancellationReasons=reasons)

    def _lose(self, operation: str) -> None:
        if self._strikes("answer lost", operation):
            from botocore.exceptions import ReadTimeoutError

            raise ReadTimeoutError(endpoint_url="https://aws.invalid")
        self._die("died after a call", operation)

    def _die(self, kind: str, operation: str) -> None:
        # What is to be cleaned up after a failure is not, either. Doors of the API die with the host alone: who called
        # one would wait for the lease of its Idempotency-Key, and the storm with him.
        if self._dead or (self._at_work.mortal and self._strikes(kind, operation)):
            self._at_work.dead = True
            raise Died(f"{self._function} {kind} of {operation}")

    def _in_part(self, operation: str, params: dict[str, Any], call: Call) -> Answer | None:
        """A batch of which the second half is left to be asked for again; None when it is not struck."""
        left = {"BatchWriteItem": "UnprocessedItems", "BatchGetItem": "UnprocessedKeys"}.get(operation)
        if left is None:
            return None
        body = json.loads(params["body"])
        [(table, wanted)] = body["RequestItems"].items()
        entries = wanted["Keys"] if operation == "BatchGetItem" else wanted
        if len(entries) < 2 or not self._strikes("part of a batch", operation):
            return None
        half = len(entries) // 2

        def these(some: list[Any]) -> Any:
            return {**wanted, "Keys": some} if operation == "BatchGetItem" else some

        now = {**body, "RequestItems": {table: these(entries[:half])}}
        status, answer = call({**params, "body": json.dumps(now)})
        return status, {**answer, left: {table: these(entries[half:])}}

    def _before(self, model: Any, params: dict[str, Any], context: dict[str, Any], **_: Any) -> Answer | None:
        if self._function is None:
            return None
        refused = self._refused(model.name)
        if refused is None and model.name == "SendMessageBatch":
            return self._queued_in_part(params, context)
        if refused is None and model.name == "PutEvents" and self._strikes("part of a batch", model.name):
            count = len(json.loads(params["body"])["Entries"])
            failed = {"ErrorCode": "InternalFailure", "ErrorMessage": "not taken"}
            return _fine({"FailedEntryCount": count, "Entries": [failed] * count})
        return refused

    def _queued_in_part(self, params: dict[str, Any], context: dict[str, Any]) -> Answer | None:
        if not self._strikes("part of a batch", "SendMessageBatch"):
            return None
        body = json.loads(params["body"])
        half = len(body["Entries"]) // 2
        failed = [
            {"Id": entry["Id"], "Code": "InternalError", "SenderFault": False} for entry in body["Entries"][half:]
        ]
        if not half:
            return _fine({"Successful": [], "Failed": failed})
        params["body"] = json.dumps({**body, "Entries": body["Entries"][:half]}).encode()
        context["left out by faults"] = failed
        return None

    def _after(self, model: Any, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        if self._function is None:
            return
        if failed := context.pop("left out by faults", None):
            parsed["Failed"] = [*parsed.get("Failed", []), *failed]
        self._lose(model.name)

    def _strikes(self, kind: str, where: str) -> bool:
        with self._lock:
            if not self._begun or self._chance.random() >= RATES[kind]:
                return False
        line = {"at": round(time.time(), 3), "kind": kind, "where": where, "function": self._function or where}
        os.write(self._book, (json.dumps(line) + "\n").encode())
        return True

    def _moment(self) -> float:
        with self._lock:
            return self._chance.uniform(0, _LATE_SECONDS)

    def _shuffled(self, records: list[Any]) -> list[Any]:
        with self._lock:
            return self._chance.sample(records, len(records))


def done(directory: Path) -> Counter[str]:
    """How many faults of each kind were done to the runs on a data directory."""
    book = directory / BOOK
    lines = book.read_text().splitlines() if book.exists() else []
    return Counter(json.loads(line)["kind"] for line in lines)


def _in_order(records: list[dict[str, Any]]) -> bool:
    """Whether these are of a FIFO queue, which keeps its order."""
    return "MessageGroupId" in records[0].get("attributes", {})


def _error(code: str, **more: Any) -> Answer:
    metadata = {**_METADATA, "HTTPStatusCode": 400}
    return SimpleNamespace(status_code=400), {
        "Error": {"Code": code, "Message": "a fault of the chaos run"},
        "ResponseMetadata": metadata,
        **more,
    }


def _fine(answer: dict[str, Any]) -> Answer:
    return SimpleNamespace(status_code=200), {**answer, "ResponseMetadata": _METADATA}
