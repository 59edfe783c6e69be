"""Queries through our order of the indexes say what MiniStack's own would."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.emulator import TABLE, Emulated, emulated


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Emulated]:
    with emulated(tmp_path) as running:
        yield running


def _query(chance: random.Random) -> dict[str, Any]:
    index = chance.random() < 0.7
    low, high = sorted([_text(chance), _text(chance)])
    signs = ("=", "<", "<=", ">", ">=")
    ranges = [*(f" AND #s {sign} :l" for sign in signs), " AND begins_with(#s, :l)", " AND #s BETWEEN :l AND :h"]
    condition = chance.choice(["", *ranges])
    names = {"#p": "gsi1pk" if index else "pk", "#s": "gsi1sk" if index else "sk"}
    values = {":p": chance.choice("PQ"), ":l": low, ":h": high}
    return {
        "TableName": TABLE,
        **({"IndexName": "GSI1"} if index else {}),
        "KeyConditionExpression": f"#p = :p{condition}",
        "ExpressionAttributeNames": {name: value for name, value in names.items() if name == "#p" or condition},
        "ExpressionAttributeValues": {
            name: {"S": value} for name, value in values.items() if name == ":p" or name in condition
        },
        "ScanIndexForward": chance.random() < 0.5,
        **chance.choice([{}, {"Limit": 1}, {"Limit": 2}, {"Limit": 3}]),
    }


def _text(chance: random.Random) -> str:
    return "".join(chance.choices("abc", k=chance.randint(1, 2)))


def _change_some(cloud: Emulated, chance: random.Random) -> None:
    for _ in range(25):
        key = {"pk": {"S": chance.choice("PQ")}, "sk": {"S": _text(chance)}}
        indexed = {"gsi1pk": {"S": chance.choice("PQ")}, "gsi1sk": {"S": _text(chance)}}
        cloud.client.put_item(TableName=TABLE, Item={**key, **(indexed if chance.random() < 0.8 else {})})
        if chance.random() < 0.3:
            cloud.client.delete_item(TableName=TABLE, Key=key)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chance=st.randoms(use_true_random=False))
def test_queries_answer_as_the_engine_itself_would(cloud: Emulated, chance: random.Random) -> None:
    queries = [_query(chance) for _ in range(10)]
    _change_some(cloud, chance)
    for query in queries:
        _pages(cloud.client.query, query)  # so that the indexes are in memory when items come and go
    _change_some(cloud, chance)

    answers = [_pages(cloud.client.query, query) for query in queries]

    with cloud.by_the_engine_alone():
        assert answers == [_pages(cloud.client.query, query) for query in queries]


def _pages(ask: Any, query: dict[str, Any]) -> list[Any]:
    pages, cursor = [], None
    while not pages or cursor:
        answer = ask(**query, **({"ExclusiveStartKey": cursor} if cursor else {}))
        cursor = answer.get("LastEvaluatedKey")
        pages.append((answer["Items"], answer["Count"], answer["ScannedCount"], cursor))
        assert len(pages) < 100, "the cursor does not move on"
    return pages
