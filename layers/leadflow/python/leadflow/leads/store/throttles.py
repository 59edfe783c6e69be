"""Counts of what came from one sender in one window of time, kept as long as the window."""

from __future__ import annotations

from botocore.exceptions import ClientError
from pynamodb.attributes import NumberAttribute

from leadflow.core import aws, table
from leadflow.core.settings import settings


class ThrottleCount(table.Item, discriminator="ThrottleCount"):
    """How often one sender used a public door in one window of time; gone soon after it.

    pk `THR#<keyed hash of door and sender>`  sk `<number of the window>`
    """

    n = NumberAttribute(default=0)


def count(name: str, window: int, *, limit: int, expires_at: int) -> bool:
    """Counts one more; False, and nothing counted, when there were `limit` already. `expires_at` in epoch seconds."""
    try:
        # One update that counts from nothing, which the items' own ways of writing do not have: they want a version.
        aws.client("dynamodb").update_item(
            TableName=settings().table_name,
            Key={"pk": {"S": f"THR#{name}"}, "sk": {"S": str(window)}},
            UpdateExpression="SET #type = :type, expires_at = :end ADD n :one, v :one",
            ConditionExpression="attribute_not_exists(pk) OR n < :limit",
            ExpressionAttributeNames={"#type": "type"},
            ExpressionAttributeValues={
                ":type": {"S": "ThrottleCount"},
                ":end": {"N": str(expires_at)},
                ":one": {"N": "1"},
                ":limit": {"N": str(limit)},
            },
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True
