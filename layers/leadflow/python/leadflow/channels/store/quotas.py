"""How much a channel has sent in a minute."""

from __future__ import annotations

from datetime import datetime, timedelta

from botocore.exceptions import ClientError
from pynamodb.attributes import NumberAttribute

from leadflow.core import aws, clock, table
from leadflow.core.settings import settings

_KEPT = timedelta(hours=1)


class ChannelMinute(table.Item, discriminator="ChannelMinute"):
    """How many messages a channel was given to send in a minute, for an hour.

    pk `CHM#<channel>`  sk `<minute>`
    """

    number = NumberAttribute(default=0)


def take_place(channel_id: str, limit: int, now: datetime) -> bool:
    """Counts one more message of this minute; False when there were enough."""
    try:
        # One update that counts from nothing, which the items' own ways of writing do not have: they want a version.
        aws.client("dynamodb").update_item(
            TableName=settings().table_name,
            Key={"pk": {"S": f"CHM#{channel_id}"}, "sk": {"S": now.strftime("%Y-%m-%dT%H:%M")}},
            UpdateExpression="SET #type = :type, expires_at = :end ADD #n :one, v :one",
            ConditionExpression="attribute_not_exists(pk) OR #n < :limit",
            ExpressionAttributeNames={"#type": "type", "#n": "number"},
            ExpressionAttributeValues={
                ":type": {"S": "ChannelMinute"},
                ":end": {"N": str(clock.epoch_seconds(now + _KEPT))},
                ":one": {"N": "1"},
                ":limit": {"N": str(limit)},
            },
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True
