"""An hour in which nobody works on what comes in, by SMS: in the end the table is as if there had been none."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from leadflow.channels.service import inbox
from leadflow.core import aws, seams
from tests.functional.channels.accounts import make
from tests.functional.channels.provider import Provider
from tests.functional.conversations.talking import ANA, SID, announced, deliver, say, takes, tick
from tests.functional.webhooks.posts import queued, work
from tests.functional.webhooks.services import SMS, form, post_twilio
from tests.functional.wire import stored
from tests.harness import Clock, CountingEntropy, call

BEN, CAI = "+14155550144", "+14155550145"
Channel = dict[str, Any]
Drain = Callable[[Clock], None]


def text(number: int, words: str, person: str = ANA, **more: str) -> tuple[bytes, str | None]:
    return form(MessageSid=f"SM{number:03d}{'0' * 29}", Body=words, From=person, **more), None


def fate(status: str, sid: str = SID, message_id: str | None = None, **more: str) -> tuple[bytes, str | None]:
    told = {"From": SMS["phone_number"], "To": ANA, "MessageStatus": status}
    return form(MessageSid=sid, **{**told, **more}), message_id or ""


def of_the_hour(answer: str) -> list[tuple[bytes, str | None]]:
    """What Twilio posts, in this order: what people write, and what became of our answer, which is not in order."""
    return [
        fate("delivered", message_id=answer),
        text(2, "I need a price"),
        text(3, "Is anybody there?", BEN),
        fate("sent", message_id=answer),
        text(4, "For ten of them"),
        text(5, "Hello", CAI, NumMedia="1", MediaUrl0="https://api.twilio.com/m/1", MediaContentType0="image/png"),
        fate("queued"),
        text(6, "Stop", BEN),
        # Nobody here sent this one; it may have been another program of the account's.
        fate("failed", sid="SM" + "9" * 32, ErrorCode="30003"),
        text(7, "Start", BEN),
        text(8, "Thanks", BEN),
        text(9, "Stop", CAI),
        text(10, "And by Friday"),
    ]


def happens(clock: Clock, after_each: Callable[[], None]) -> None:
    """An hour at one number, from nothing: a person wrote and was answered before it."""
    wipe()
    announced()
    clock.moment = Clock().moment
    seams.current().entropy = CountingEntropy()
    channel = make(SMS)
    assert post_twilio(channel, text(1, "Hello")[0]).status == 200
    drain_in_order()
    tick()
    answer = say("How can we help?").json["id"]
    deliver()
    tick()
    for raw, message_id in of_the_hour(answer):
        clock.advance(minutes=4)
        query = {"m": message_id} if message_id else None
        assert post_twilio(channel, raw, status=message_id is not None, query=query).status < 300
        after_each()


def wipe() -> None:
    for item in stored():
        key = {name: item[name] for name in ("pk", "sk")}
        aws.client("dynamodb").delete_item(TableName=os.environ["TABLE_NAME"], Key=key)


def drain_in_order() -> None:
    while messages := queued():
        assert work(*messages) == []


def in_any_order(seed: int) -> Drain:
    """The queue's messages come late, in any order, some of them twice."""

    def drain(clock: Clock) -> None:
        waiting, chance = queued(), Random(seed)  # noqa: S311 - any order will do
        clock.advance(hours=1)
        again = [*waiting, *chance.sample(waiting, 5)]
        chance.shuffle(again)
        for message in again:
            assert work(message) == []

    return drain


def by_reconcile(clock: Clock) -> None:
    """The queue's messages are lost, and found missing."""
    assert queued()
    clock.advance(hours=1)
    assert inbox.reconcile()["requeued"] == len(of_the_hour(""))
    drain_in_order()


def by_replay(clock: Clock) -> None:
    """Somebody asks for the hour again when half of it was done, and once more when all of it was."""
    waiting = queued()
    clock.advance(hours=1)
    for message in waiting[::2]:
        assert work(message) == []
    for _ in range(2):
        asked = {"from": "2026-03-02T09:00:00Z", "to": "2026-03-02T12:00:00Z"}
        answer = call("webhooks/replay_range", asked)
        assert (answer.status, answer.json["next_from"]) == (202, None)
        drain_in_order()


DRAINS: dict[str, Drain] = {
    **{f"in any order, {seed}": in_any_order(seed) for seed in range(4)},
    "by reconcile": by_reconcile,
    "by replay": by_replay,
}
# When it was written and by whom is all that may differ, and with the time of an item its place in the indexes.
OF_THE_WORK = {"v", "created_at", "updated_at", "expires_at", "host_id", "waiting_since"}
PLACES = {f"gsi{number}{part}" for number in (1, 2, 3) for part in ("pk", "sk")}


def state() -> list[str]:
    """All items but the channel, with the ids that were made in the work called by whom they are about."""
    items = [item for item in stored() if item["type"]["S"] not in ("ChannelConfig", "ApiKey")]
    names = dict(_names(items))
    told = []
    for item in items:
        kept = {name: value for name, value in item.items() if name not in OF_THE_WORK | PLACES}
        line = json.dumps(kept, sort_keys=True, default=str)
        for made, name in names.items():
            line = line.replace(made, name)
        told.append(line)
    return sorted(told)


def _names(items: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for item in items:
        if item["type"]["S"] in ("Conversation", "ChannelIdentity"):
            yield item["id"]["S"], f"<{item['type']['S']} of {item['person']['S']}>"
        if item["type"]["S"] == "Lead":
            yield item["id"]["S"], f"<Lead {item['phone']['S']}>"
        if item["type"]["S"] == "Suppression":
            yield item["id"]["S"], f"<Suppression of {item['address']['S']}>"


def without_outage(clock: Clock) -> list[str]:
    happens(clock, drain_in_order)
    clock.advance(hours=1)
    return state()


def said_by_each() -> dict[str, list[str]]:
    """What was said in each person's conversation, in order."""
    said: dict[str, list[str]] = {}
    for one in call("conversations/list_conversations").json["items"]:
        path = {"conversation_id": one["id"]}
        listed = call("conversations/list_messages", path=path).json["items"][::-1]
        said[one["sms_id"]] = [message["content"] for message in listed]
    return said


@pytest.fixture(autouse=True)
def _sends(provider: Provider) -> None:
    takes(provider)


def test_it_is_an_hour_in_which_much_happened(clock: Clock) -> None:
    found = without_outage(clock)

    kinds = [json.loads(line)["type"]["S"] for line in found]
    assert {kind: kinds.count(kind) for kind in ("Message", "Conversation", "Lead", "Suppression", "Delivery")} == {
        "Message": 11,
        "Conversation": 3,
        "Lead": 3,
        "Suppression": 1,
        "Delivery": 14,
    }
    (answer,) = [line for line in found if "How can we help?" in line]
    assert json.loads(answer)["status"]["S"] == "delivered"


@pytest.mark.parametrize("drain", DRAINS.values(), ids=DRAINS)
def test_x35_an_hour_without_a_worker_leaves_the_table_as_one_with_it_and_words_in_their_order(
    clock: Clock, drain: Drain
) -> None:
    expected = without_outage(clock)

    happens(clock, lambda: None)
    drain(clock)

    assert state() == expected
    assert said_by_each() == {
        ANA: ["Hello", "How can we help?", "I need a price", "For ten of them", "And by Friday"],
        BEN: ["Is anybody there?", "Stop", "Start", "Thanks"],
        CAI: ["Hello", "Stop"],
    }
