"""A thousand messages of one person at the same moment, on the one-machine mode's table: one lead, one conversation.

Functional tests run on a table that loses writes under concurrency, so this is looked at here.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from leadflow.channels import store
from leadflow.channels.rules.arrivals import Arrival
from leadflow.channels.service import arriving
from leadflow.core import seams
from tests.contract.emulator import TABLE, Emulated, emulated

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MANY = 500


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Emulated]:
    with emulated(tmp_path) as running, patch.dict(os.environ, TABLE_NAME=TABLE):
        kept = {"client:dynamodb": running.client, "master secret": b"m" * 64}
        with seams.installed(seams.Seams(kept=kept)):
            yield running


def items(table: Emulated, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for page in table.client.get_paginator("scan").paginate(TableName=TABLE):
        found += [item for item in page["Items"] if item["type"]["S"] == kind]
    return found


def arrival(number: int) -> Arrival:
    at = BEGAN + timedelta(milliseconds=number)
    return Arrival(
        kind="message",
        channel_type="messenger",
        account_id="1",
        person="7392015648120394",
        received_at=BEGAN + timedelta(minutes=1),
        provider_message_id=f"m_{number}",
        at=at,
        text=f"Message {number}",
    )


def test_x33_x34_a_thousand_at_once_are_one_lead_and_one_conversation(table: Emulated) -> None:
    channel = store.ChannelConfig(pk="CHC#1", sk="#META", id="1", channel_type="messenger", provider="facebook")
    # Every one comes twice, which makes the thousand, and nobody waits for anybody.
    numbers = [number for number in range(MANY) for _ in range(2)]

    def take(number: int) -> None:
        for _ in range(5):
            try:
                return arriving.handle(arrival(number), channel, "D1")
            except Exception as error:  # noqa: BLE001 - the queue gives it again
                last = error
        raise last

    with ThreadPoolExecutor(max_workers=100) as pool:
        list(pool.map(take, numbers))

    assert len(items(table, "Lead")) == 1
    (conversation,) = items(table, "Conversation")
    messages = items(table, "Message")
    assert Counter(one["content"]["S"] for one in messages) == {f"Message {number}": 1 for number in range(MANY)}
    assert {one["conversation_id"]["S"] for one in messages} == {conversation["id"]["S"]}
    assert conversation["unread_count"]["N"] == str(MANY)
    in_order = sorted(messages, key=lambda one: one["gsi1sk"]["S"])
    assert [one["content"]["S"] for one in in_order] == [f"Message {number}" for number in range(MANY)]
    assert conversation["last_message_at"]["S"] == in_order[-1]["occurred_at"]["S"]
    assert conversation["gsi1sk"]["S"].startswith(conversation["last_message_at"]["S"])
