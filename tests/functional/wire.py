"""What happens on the wire to DynamoDB, for tests: watched, interrupted by a rival, refused, or cut by a crash."""

from __future__ import annotations

import contextvars
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from leadflow.core import aws


class Killed(BaseException):
    """The process has died: nothing catches it and nothing more is sent."""


_hooks: list[Callable[..., Any]] = []


@contextmanager
def _hooked(event: str, handler: Callable[..., Any]) -> Iterator[None]:
    events = aws.client("dynamodb").meta.events
    events.register(event, handler)
    _hooks.append(handler)
    try:
        yield
    finally:
        _hooks.remove(handler)
        events.unregister(event, handler)


def is_watched() -> bool:
    """Whether a test looks at single calls just now, so that none may be added."""
    return bool(_hooks)


@contextmanager
def watched() -> Iterator[list[str]]:
    """The names of the operations that are called meanwhile."""
    seen: list[str] = []

    def note(model: Any, **_: Any) -> None:
        seen.append(model.name)

    with _hooked("before-call.dynamodb", note):
        yield seen


@contextmanager
def interrupted(act: Callable[[], object], *, operation: str = "TransactWriteItems", times: int = 1) -> Iterator[None]:
    """A rival acts right before each of the next `times` calls of this operation, which is not the rival's own."""
    left = times
    acting = False

    def intrude(**_: Any) -> None:
        nonlocal left, acting
        if not left or acting:
            return
        left, acting = left - 1, True
        # A context of its own, as another invocation has.
        contextvars.Context().run(act)
        acting = False

    with _hooked(f"before-call.dynamodb.{operation}", intrude):
        yield
    assert left == 0, f"{left} interruptions did not come to pass"


@contextmanager
def refused(reasons: Sequence[str], *, times: int) -> Iterator[None]:
    """The next `times` transactions are cancelled by DynamoDB for these reasons."""
    left = times

    def cancel(**_: Any) -> Any:
        nonlocal left
        if not left:
            return None
        left -= 1
        return SimpleNamespace(status_code=400), {
            "Error": {"Code": "TransactionCanceledException", "Message": "Transaction cancelled"},
            "CancellationReasons": [{"Code": reason} for reason in reasons],
            "ResponseMetadata": {"HTTPHeaders": {}},
        }

    with _hooked("before-call.dynamodb.TransactWriteItems", cancel):
        yield
    assert left == 0, f"{left} refusals did not come to pass"


@contextmanager
def given_up(call: int, error: Exception | str) -> Iterator[list[str]]:
    """The SDK gives up on its n-th call (counted from 1) and each after it; gives the operations that failed so.

    `error` is the code of what DynamoDB answered to the last try, or what the SDK raises by itself.
    """
    made = 0
    failed: list[str] = []

    def fail(model: Any, **_: Any) -> Any:
        nonlocal made
        made += 1
        if made < call:
            return None
        failed.append(model.name)
        if isinstance(error, Exception):
            raise error
        return SimpleNamespace(status_code=400), {
            "Error": {"Code": error, "Message": "about ada@example.com"},
            "ResponseMetadata": {"HTTPHeaders": {}, "HTTPStatusCode": 400},
        }

    with _hooked("before-call.dynamodb", fail):
        yield failed


@contextmanager
def killed_at(call: int, *, sent: bool) -> Iterator[None]:
    """The process dies at its n-th call (counted from 1), before it is sent or right after it was done."""
    made = 0

    def before(**_: Any) -> None:
        nonlocal made
        made += 1
        if made > call or (made == call and not sent):
            raise Killed

    def after(**_: Any) -> None:
        if made == call and sent:
            raise Killed

    with _hooked("before-call.dynamodb", before), _hooked("after-call.dynamodb", after):
        yield


@contextmanager
def killed_after(operation: str) -> Iterator[None]:
    """The process dies right after its next call of this operation was done."""

    def die(**_: Any) -> None:
        raise Killed

    with _hooked(f"after-call.dynamodb.{operation}", die):
        yield


def stored(kind: str | None = None) -> list[dict[str, Any]]:
    """The raw items in the table, of one type or all."""
    items = aws.client("dynamodb").scan(TableName=os.environ["TABLE_NAME"])["Items"]
    return [item for item in items if kind is None or item["type"]["S"] == kind]


def counts() -> dict[str, int]:
    """How many items of each type are in the table."""
    return dict(Counter(item["type"]["S"] for item in stored()))
