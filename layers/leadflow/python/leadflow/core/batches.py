"""Reading many items by their keys, consistently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from leadflow.core import aws
from leadflow.core.settings import settings

_MOST = 100


def raw_items(keys: Sequence[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """Those items that exist, in DynamoDB's JSON and in no order; one call per 100 keys."""
    table = settings().table_name
    for start in range(0, len(keys), _MOST):
        wanted = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys[start : start + _MOST]]
        pending: dict[str, Any] = {table: {"Keys": wanted, "ConsistentRead": True}}
        while pending:
            answer = aws.client("dynamodb").batch_get_item(RequestItems=pending)
            yield from answer["Responses"].get(table, [])
            pending = answer.get("UnprocessedKeys") or {}
