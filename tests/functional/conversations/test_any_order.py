"""What is on file in the end does not depend on when and in which order deliveries are worked on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from tests.functional.channels.accounts import MESSENGER, make
from tests.functional.conversations.talking import arrive, conversation, conversations, messages
from tests.functional.webhooks.posts import queued, work
from tests.functional.webhooks.services import meta_message, meta_post, post_meta
from tests.harness import Clock, call

PERSON, BEGAN = "7392015648120394", 1772442000000
PAGES = ("102938400000001", "102938400000002")


def event(page: str, body: dict[str, Any], at: int) -> dict[str, Any]:
    return {"sender": {"id": PERSON}, "recipient": {"id": page}, "timestamp": BEGAN + at, **body}


def text(page: str, mid: str, words: str, at: int) -> dict[str, Any]:
    return event(page, {"message": {"mid": mid, "text": words}}, at)


def echo(page: str, mid: str, words: str, at: int) -> dict[str, Any]:
    message = {"mid": mid, "text": words, "is_echo": True, "app_id": 7}
    return {**event(page, {"message": message}, at), "sender": {"id": page}, "recipient": {"id": PERSON}}


def what_happened(page: str) -> list[dict[str, Any]]:
    """An hour of a conversation, as Meta tells it."""
    return [
        text(page, "m_1", "Hello", 0),
        echo(page, "m_2", "Hello, how can we help?", 60_000),
        event(page, {"delivery": {"mids": ["m_2"], "watermark": BEGAN + 60_000}}, 61_000),
        event(page, {"read": {"watermark": BEGAN + 61_000}}, 62_000),
        event(page, {"reaction": {"mid": "m_2", "action": "react", "reaction": "love", "emoji": "❤"}}, 63_000),
        event(page, {"referral": {"ref": "spring", "source": "SHORTLINK", "type": "OPEN_THREAD"}}, 100_000),
        text(page, "m_3", "I need a pice", 120_000),
        event(page, {"message_edit": {"mid": "m_3", "text": "I need a price", "num_edit": 1}}, 125_000),
        event(page, {"reaction": {"mid": "m_2", "action": "unreact"}}, 130_000),
        echo(page, "m_4", "Ten dollars", 180_000),
        event(page, {"delivery": {"mids": ["m_4"], "watermark": BEGAN + 180_000}}, 181_000),
        event(page, {"postback": {"mid": "m_5", "title": "Buy", "payload": "BUY"}}, 240_000),
        text(page, "m_6", "Sent by mistake", 300_000),
        event(page, {"message": {"mid": "m_6", "is_deleted": True}}, 310_000),
    ]


def state(channel: dict[str, Any]) -> list[dict[str, Any]]:
    """All that callers can see of it, without ids and times that are ours."""
    names = ("role", "content", "direction", "status", "occurred_at", "provider_message_id", "metadata", "attachments")
    (shown,) = [one for one in conversations() if one["channel_config_id"] == channel["id"]]
    of_it = (
        "status",
        "channel",
        "unread_count",
        "started_at",
        "last_message_at",
        "window_closes_at",
        "channel_metadata",
    )
    kept = {name: shown[name] for name in of_it}
    return [kept, *({name: one[name] for name in names} for one in messages(shown["id"]))]


def posted(channel: dict[str, Any], clock: Clock) -> Iterator[None]:
    """Each thing that happened is posted at its time."""
    for one in what_happened(channel["page_id"]):
        clock.moment = datetime.fromtimestamp(one["timestamp"] / 1000, UTC)
        assert post_meta(channel, meta_post(one, page=channel["page_id"])).status == 200
        yield


def without_outage(clock: Clock) -> list[dict[str, Any]]:
    channel = make(MESSENGER, page_id=PAGES[0])
    for _ in posted(channel, clock):
        arrive()
    return state(channel)


def test_it_is_what_happened(clock: Clock) -> None:
    found = without_outage(clock)

    assert [(one["content"], one["status"]) for one in found[1:]] == [
        ("Hello", "received"),
        ("Hello, how can we help?", "read"),
        ("I need a price", "received"),
        ("Ten dollars", "delivered"),
        ("Buy", "received"),
        ("", "received"),
    ]
    assert found[2]["metadata"]["reactions"]["person"]["emoji"] is None
    assert found[0]["unread_count"] == 4


@pytest.mark.parametrize("seed", range(4))
def test_x35_an_outage_of_an_hour_ends_as_no_outage(clock: Clock, seed: int) -> None:
    expected = without_outage(clock)
    channel, chance = make(MESSENGER, page_id=PAGES[1]), Random(seed)  # noqa: S311 - any order will do
    for _ in posted(channel, clock):
        pass
    waiting = queued()
    clock.advance(hours=1)
    again = [*waiting, *chance.sample(waiting, 5)]
    chance.shuffle(again)

    for message in again:
        assert work(message) == []

    assert state(channel) == expected


def test_x36_every_entry_of_a_batch_counts(clock: Clock) -> None:
    channel = make(MESSENGER)
    texts = [meta_message(f"m_{number}", f"Part {number}", at=BEGAN + number) for number in range(100)]
    Random(1).shuffle(texts)  # noqa: S311 - any order will do
    assert post_meta(channel, meta_post(*texts)).status == 200
    arrive()

    found = call(
        "conversations/list_messages", path={"conversation_id": conversation()["id"]}, query={"limit": "100"}
    ).json["items"]
    assert [one["content"] for one in found[::-1]] == [f"Part {number}" for number in range(100)]
    assert conversation()["unread_count"] == 100
