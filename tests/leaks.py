"""What a test made the product say where nobody's data may stand, looked through when the test ends.

Looked at are log lines (the debug ones too), texts of exceptions that leave a door (Lambda logs them), answers of doors
that Step Functions keeps, messages, events, schedules and inputs of state machines, keys of the table, and error
answers of the API. Looked for are addresses and phone numbers by their shape, our own keys and the master secret, and
what doors were given in this test as a lead's name, a message's text or a credential.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

_SHAPES = {
    "an address": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "a phone number": re.compile(r"(?<![\w+:.-])\+[1-9]\d{7,14}(?!\d)"),
    "one of our keys": re.compile(r"\blf_\w{20,}"),
    "the master secret": re.compile("m{64}"),
}
# Fields of bodies whose values are somebody's, at whatever depth; names are those of leads' doors.
_PERSONAL = {"email", "phone", "first_name", "last_name", "full_name", "notes", "content"}
_SECRET = {"api_key", "auth_token", "page_access_token", "app_secret", "verify_token", "inbound_secret", "secret"}
_KEYS = ("pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk", "gsi3pk", "gsi3sk")
_SENT = {"SendMessage", "SendMessageBatch", "PutEvents", "CreateSchedule", "StartExecution"}
_SHORTEST = 3
# What tests call people that is a word of ours too.
_NOBODYS = {"Lead"}


class Leak(AssertionError):
    """Somebody's data or a secret stands where it must not."""


class Watch:
    """What was said in one test, and which values must not be in it."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.given: set[str] = set()

    def look(self) -> None:
        """Raises Leak with every place and what was found there."""
        places = list(dict.fromkeys(self.said))
        everything = "\n".join(text for _, text in places)
        shapes = [(what, shape) for what, shape in _SHAPES.items() if shape.search(everything)]
        # Few stand anywhere: only for these an expression is made, of what may be a megabyte long.
        shapes += [
            ("what a door was given", re.compile(rf"(?<!\w){re.escape(value)}(?!\w)"))
            for value in sorted(self.given - _NOBODYS)
            if len(value) >= _SHORTEST and value in everything
        ]
        found = {
            f"{what} ({match[0]}) in {where}: {text[:2000]}"
            for where, text in places
            for what, shape in shapes
            if (match := shape.search(text))
        }
        if found:
            raise Leak("\n".join(sorted(found)))

    def note_given(self, door: str, event: Any) -> None:
        if door.startswith("workflows/"):
            # Their configurations name fields and paths, which are nobody's.
            return
        body = _read(event.get("body")) if isinstance(event, dict) and "requestContext" in event else None
        wanted = _PERSONAL | _SECRET | ({"name"} if door.startswith("leads/") else set())
        self.given.update(_values(body, wanted))

    def note_answer(self, door: str, answer: Any) -> None:
        if not isinstance(answer, dict):
            return
        status = answer.get("statusCode", 500)
        if status >= 400:
            self.said.append((f"the answer of {door}", json.dumps(answer, ensure_ascii=False, default=str)))


_watches: list[Watch] = []


@contextmanager
def watched() -> Iterator[Watch]:
    """Watches what is said meanwhile; raises Leak at the end, when nothing else went wrong."""
    from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
    from botocore.client import BaseClient

    watch = Watch()
    format_line, emit = LambdaPowertoolsFormatter.format, BaseClient._emit_api_params

    def noted_line(formatter: Any, record: Any) -> str:
        line = format_line(formatter, record)
        watch.said.append(("a log line", line))
        return line

    def noted_call(client: Any, api_params: dict[str, Any], operation_model: Any, context: Any) -> Any:
        if operation_model.name in _SENT:
            watch.said.append((operation_model.name, json.dumps(api_params, ensure_ascii=False, default=str)))
        return emit(client, api_params, operation_model, context)

    _watches.append(watch)
    try:
        with (
            patch.object(LambdaPowertoolsFormatter, "format", noted_line),
            patch.object(BaseClient, "_emit_api_params", noted_call),
        ):
            yield watch
    finally:
        _watches.remove(watch)
        watch.said += (("a key of the table", key) for key in set(_keys()))
    watch.look()


def noted(name: str, handler: Callable[..., Any]) -> Callable[..., Any]:
    """The handler of a function, whose input, answers and failures are looked at while `watched` is in force."""

    @functools.wraps(handler)
    def door(*arguments: Any) -> Any:
        for watch in _watches:
            watch.note_given(name, arguments[0])
        try:
            answer = handler(*arguments)
        except Exception as error:
            for watch in _watches:
                watch.said.append((f"the failure of {name}", f"{type(error).__name__}: {error}"))
            raise
        for watch in _watches:
            watch.note_answer(name, answer)
        return answer

    return door


def _read(body: Any) -> Any:
    try:
        return json.loads(body) if isinstance(body, str) else None
    except (ValueError, RecursionError):
        # Bodies that are no JSON, or nested without end, are what some tests send.
        return None


def _values(value: Any, wanted: set[str]) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in wanted and isinstance(inner, str):
                yield inner.strip()
            yield from _values(inner, wanted)
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner, wanted)


def _keys() -> Iterable[str]:
    """Every key that the table has or had, from moto itself: its stream keeps what was removed."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.dynamodb.models import dynamodb_backends

    table = dynamodb_backends[DEFAULT_ACCOUNT_ID][os.environ["AWS_REGION"]].tables.get(os.environ["TABLE_NAME"])
    for record in table.stream_shard.items if table and table.stream_shard else ():
        image = record.record["dynamodb"].get("NewImage", {})
        yield from (str(image[name]["S"]) for name in _KEYS if name in image)
