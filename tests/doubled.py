"""A pytest plugin: every authenticated POST of the functional tests is sent twice under one Idempotency-Key.

The second must change nothing in the table, and be answered as the first. python -m pytest -p tests.doubled
tests/functional runs the suite so; tests that count calls, break them or give keys of their own are left as they are,
and a test that posts to one route again and again has only its first posts doubled.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType

import tests.harness

_OFTEN_ENOUGH = 8
_given: Counter[tuple[str, str]] = Counter()
_entropies: list[Any] = []


def pytest_configure() -> None:
    """Puts itself around every door that a test opens."""
    real = tests.harness.door

    def door(name: str) -> Any:
        handler = real(name)

        @functools.wraps(handler)
        def doubled(event: Any, context: Any = None) -> Any:
            return _twice(handler, event, context) if _is_doubled(event) else handler(event, context)

        return doubled

    tests.harness.door = door


def _is_doubled(event: Any) -> bool:
    if not isinstance(event, dict) or not str(event.get("routeKey", "")).startswith("POST "):
        return False
    authenticated = "authorizer" in event["requestContext"]
    return authenticated and "idempotency-key" not in {name.lower() for name in event.get("headers") or {}}


def _twice(handler: Any, event: dict[str, Any], context: Any) -> Any:
    from leadflow.core import ids, seams
    from tests.functional import wire

    if _entropies != [entropy := seams.current().entropy]:
        # The test has begun its world anew, and with it its places.
        _entropies[:] = [entropy]
        _given.clear()
    test, route = os.environ["PYTEST_CURRENT_TEST"], event["routeKey"]
    if wire.is_watched() or ids.is_repeated() or _given[test, route] == _OFTEN_ENOUGH:
        return handler(event, context)
    _given[test, route] += 1
    # It belongs to this place of this test, so that the ids which follow from it are the same in every run.
    key = hashlib.sha256(f"{test} {route} {_given[test, route]}".encode()).hexdigest()
    event = {**event, "headers": {**(event.get("headers") or {}), "Idempotency-Key": key}}
    kept = _keys_kept()
    first = handler(event, context)
    after_first = _state()
    second = handler(event, context)
    assert _state() == after_first, f"{event['routeKey']} under one Idempotency-Key changed the table twice"
    _assert_same(event["routeKey"], first, second)
    _forget_keys(_keys_kept() - kept)
    return first


def _items(of_keys: bool) -> Iterator[tuple[str, str, Any]]:
    """Key and attributes of what is kept about Idempotency-Keys, or of all else.

    Read from moto itself: its Scan takes longer than all that these tests do besides.
    """
    tables = dynamodb_backends[DEFAULT_ACCOUNT_ID][os.environ["AWS_REGION"]].tables
    for hash_key, items in tables[os.environ["TABLE_NAME"]].items.items():
        for range_key, item in items.items():
            if (item.attrs["type"].value == "IdempotentRequest") is of_keys:
                yield hash_key.value, range_key.value, item.attrs


def _state() -> dict[tuple[str, str], str]:
    return {
        (pk, sk): json.dumps(dict(attrs), sort_keys=True, default=_plain) for pk, sk, attrs in _items(of_keys=False)
    }


def _plain(value: Any) -> Any:
    return value.to_json() if isinstance(value, DynamoType) else repr(value)


def _keys_kept() -> set[tuple[str, str]]:
    return {(pk, sk) for pk, sk, _ in _items(of_keys=True)}


def _forget_keys(kept: set[tuple[str, str]]) -> None:
    """Leaves the table as the test would find it without all this."""
    from leadflow.core import aws

    for pk, sk in kept:
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        aws.client("dynamodb").delete_item(TableName=os.environ["TABLE_NAME"], Key=key)


def _assert_same(route: str, first: dict[str, Any], second: dict[str, Any]) -> None:
    assert second["statusCode"] == first["statusCode"], f"{route} repeated: {second['body']}"
    replayed = second["headers"].get("idempotency-replayed") == "true"
    assert replayed or first["statusCode"] >= 400, f"{route} was done again"
    shown, again = json.loads(first["body"] or "null"), json.loads(second["body"] or "null")
    # What is shown once is left out of the replay.
    assert again == shown or {**shown, **again} == shown, f"{route} is answered otherwise when repeated"
