"""Removing what is known by its keys alone, of any kind: for what must go whatever it holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from leadflow.core import aws, table
from leadflow.core.settings import settings

Key = tuple[str, str]

_PAGE = 100


def keys_under(pk: str) -> Iterator[Key]:
    """Keys of all items of a partition, read consistently."""
    request = {
        "TableName": settings().table_name,
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": pk}},
        "ProjectionExpression": "pk, sk",
        "ConsistentRead": True,
    }
    while True:
        answer = aws.client("dynamodb").query(**request)
        yield from ((raw["pk"]["S"], raw["sk"]["S"]) for raw in answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def keys_about(lead_id: str, prefix: str) -> Iterator[Key]:
    """Keys of all items that GSI2 lists for a lead under this prefix, oldest first. A very new one may be missing."""
    after: str | None = None
    while True:
        # Beyond a sort key the index is asked without the prefix; what does not begin with it is left out again.
        found = table.query_keys("GSI2", f"LEAD#{lead_id}", prefix=prefix, after=after, limit=_PAGE, newest_first=False)
        yield from ((pk, sk) for _, pk, sk in found)
        if len(found) < _PAGE:
            return
        after = found[-1][0]


def remove(keys: Iterable[Key]) -> int:
    """Deletes the items at these keys at whatever version; gives how many there were. Safe to repeat."""
    count = 0
    for pk, sk in keys:
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        answer = aws.client("dynamodb").delete_item(TableName=settings().table_name, Key=key, ReturnValues="ALL_OLD")
        count += "Attributes" in answer
    return count
