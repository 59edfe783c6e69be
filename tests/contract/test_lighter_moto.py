"""moto as functional tests use it answers, keeps and streams what moto by itself does."""

from __future__ import annotations

import copy
from contextlib import nullcontext
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from tests.lighter_moto import lighter

TABLE = "things"
THERE = {"pk": {"S": "there"}, "sk": {"S": "#"}, "n": {"N": "1"}, "m": {"M": {"list": {"L": [{"S": "a"}]}}}}
ALL_KINDS = {
    "pk": {"S": "new"},
    "sk": {"S": "#"},
    "s": {"S": "ß"},
    "n": {"N": "1.50"},
    "b": {"B": b"\x00\xff"},
    "t": {"BOOL": True},
    "z": {"NULL": True},
    "l": {"L": [{"S": "x"}, {"N": "2"}, {"M": {"deep": {"B": b"\x01"}}}]},
    "m": {"M": {}},
    "set": {"SS": ["a", "b"]},
}
PUT = {"Put": {"TableName": TABLE, "Item": ALL_KINDS, "ConditionExpression": "attribute_not_exists(pk)"}}
DELETE = {"Delete": {"TableName": TABLE, "Key": {"pk": {"S": "there"}, "sk": {"S": "#"}}}}
FAILS = {
    "ConditionCheck": {
        "TableName": TABLE,
        "Key": {"pk": {"S": "nowhere"}, "sk": {"S": "#"}},
        "ConditionExpression": "attribute_exists(pk)",
    }
}


def _update(expression: str, **values: Any) -> dict[str, Any]:
    return {
        "Update": {
            "TableName": TABLE,
            "Key": {"pk": {"S": "there"}, "sk": {"S": "#"}},
            "UpdateExpression": expression,
            "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
            **({"ExpressionAttributeNames": {"#key": "added"}} if "#key" in expression else {}),
        }
    }


APPENDED = {"n": {"N": "2"}, "l": {"L": [{"S": "b"}]}}
SET = _update("SET n = :n, m.list[0] = :x", n={"N": "2"}, x={"S": "changed"})
ADD = _update("ADD n :n", n={"N": "5"})


def _outcome(transaction: list[dict[str, Any]]) -> tuple[str, list[Any], list[Any]]:
    """The answer, what the table holds after it, and what its stream tells."""
    client = boto3.client("dynamodb", region_name="us-east-1")
    client.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    client.put_item(TableName=TABLE, Item=THERE)
    try:
        client.transact_write_items(TransactItems=transaction)
        answer = "done"
    except ClientError as error:
        answer = str(error)
    shard = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].tables[TABLE].stream_shard
    assert shard is not None
    changes = [record.record["dynamodb"] for record in shard.items]
    told = [(one.get("OldImage"), one.get("NewImage"), one["SequenceNumber"]) for one in changes]
    return answer, client.scan(TableName=TABLE)["Items"], told


@pytest.mark.parametrize(
    "transaction",
    [
        [PUT],
        [PUT, SET],
        [DELETE, PUT],
        [SET, FAILS],
        [ADD, PUT, FAILS],
        [DELETE, FAILS, PUT],
        [PUT, PUT],
        [SET, ADD],
        [_update("SET n = :n", n={"S": ""}), FAILS],
        [_update("SET nonsense", n={"N": "1"})],
        [_update("SET fresh = if_not_exists(fresh, :n) + :n, m.#key = list_append(m.list, :l) REMOVE n", **APPENDED)],
        [_update("REMOVE m.list[0], n SET s = :s", s={"S": "s"})],
        [_update("SET n = :n, n = :n", n={"N": "1"})],
        [_update("SET m.none.deeper = :n", n={"N": "1"})],
        [_update("ADD m :n", n={"N": "1"})],
        [_update("SET pk = :n", n={"S": "another"})],
        [_update("SET big = :big", big={"S": "x" * 409_000})],
        [{"Put": {**PUT["Put"], "Item": {**ALL_KINDS, "big": {"S": "x" * 409_000}}}}],
    ],
)
def test_a_transaction_ends_as_with_moto_itself(transaction: list[dict[str, Any]]) -> None:
    outcomes = []
    for way in (nullcontext(), lighter()):
        with way, mock_aws():
            outcomes.append(_outcome(copy.deepcopy(transaction)))
    assert outcomes[0] == outcomes[1]


def test_what_is_read_and_refused_is_as_with_moto_itself() -> None:
    outcomes = []
    for way in (nullcontext(), lighter()):
        with way, mock_aws():
            outcomes.append(_reads())
    assert outcomes[0] == outcomes[1]


def _reads() -> list[Any]:
    """Answers of all kinds of reads, by table and by index, and of requests that make no sense."""
    client = boto3.client("dynamodb", region_name="us-east-1")
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    index = [{"AttributeName": "s", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    client.create_table(
        TableName=TABLE,
        KeySchema=keys,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "s")],
        GlobalSecondaryIndexes=[
            {"IndexName": "INDEX", "KeySchema": index, "Projection": {"ProjectionType": "KEYS_ONLY"}}
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    for pk in ("there", "elsewhere"):
        for number in range(5):
            item = {**ALL_KINDS, "pk": {"S": pk}, "sk": {"S": f"{number}"}}
            client.put_item(TableName=TABLE, Item=item)
    key = {"pk": {"S": "there"}, "sk": {"S": "3"}}
    values = {":p": {"S": "there"}, ":l": {"S": "1"}, ":h": {"S": "3"}}
    between = {"KeyConditionExpression": "pk = :p AND sk BETWEEN :l AND :h", "ExpressionAttributeValues": values}
    by_index = {
        "KeyConditionExpression": "s = :s",
        "ExpressionAttributeValues": {":s": {"S": "ß"}},
        "IndexName": "INDEX",
    }
    nobody = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "nobody"}}}
    asked: list[tuple[str, dict[str, Any]]] = [
        ("get_item", {"Key": key, "ConsistentRead": True}),
        ("get_item", {"Key": {**key, "sk": {"S": "9"}}}),
        ("get_item", {"Key": {"pk": {"S": "there"}}}),
        ("query", {**between, "ConsistentRead": True}),
        ("query", {**between, "ScanIndexForward": False, "Limit": 2}),
        ("query", {**between, "ExclusiveStartKey": {"pk": {"S": "there"}, "sk": {"S": "1"}}}),
        ("query", {**by_index, "Limit": 4}),
        ("query", {**by_index, "IndexName": "none"}),
        ("query", nobody),
        ("query", {"KeyConditionExpression": "nonsense"}),
        ("scan", {"Limit": 3}),
        ("put_item", {"Item": {"pk": {"S": "x"}}}),
        ("put_item", {"Item": {**ALL_KINDS, "pk": {"S": ""}}}),
        (
            "update_item",
            {
                "Key": key,
                "UpdateExpression": "SET n = n + :one",
                "ExpressionAttributeValues": {":one": {"N": "1"}},
                "ReturnValues": "ALL_NEW",
            },
        ),
        ("delete_item", {"Key": key, "ConditionExpression": "attribute_not_exists(pk)"}),
    ]
    return [_answer(client, operation, request) for operation, request in asked]


def _answer(client: Any, operation: str, request: dict[str, Any]) -> Any:
    try:
        answer = getattr(client, operation)(TableName=TABLE, **request)
    except ClientError as error:
        return error.response["Error"]
    status = answer.pop("ResponseMetadata")["HTTPStatusCode"]
    return status, answer
