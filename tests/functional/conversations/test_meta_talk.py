"""Talk on Messenger and Instagram: echoes, receipts by Meta's own ids, and what Meta refuses for now."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

from tests.functional.channels.accounts import MESSENGER, make
from tests.functional.channels.provider import Provider
from tests.functional.conversations.talking import (
    announced,
    arrive,
    change,
    conversation,
    deliver,
    messages,
    reconcile,
    say,
)
from tests.functional.webhooks.posts import queued, work
from tests.functional.webhooks.services import meta_message, meta_post, post_meta
from tests.functional.wire import Killed, interrupted, killed_at
from tests.harness import Clock, call, door


def heard_on_messenger() -> None:
    """Somebody has written to a page of ours."""
    post_meta(make(MESSENGER), meta_post(meta_message("m_1", "Hello")))
    arrive()


ECHO_AT = 1772442001000


def echo(mid: str, text: str, **more: object) -> bytes:
    """A post that tells what was said to the person in our name."""
    told = meta_message(mid, text, sender="102938400000001", at=ECHO_AT)
    told["recipient"] = {"id": "7392015648120394"}
    told["message"] |= {"is_echo": True, "app_id": 1, **more}
    return meta_post(told)


def test_an_echo_that_does_not_say_it_is_ours_waits_for_what_is_on_its_way(provider: Provider, clock: Clock) -> None:
    heard_on_messenger()
    channel = call("channels/list_channels").json["items"][0]
    provider.answers(200, {"message_id": "m_2"})
    ours = say("Good morning").json["id"]
    waiting: list[dict[str, object]] = []

    def echoed_early() -> None:
        if provider.asked and not waiting:
            post_meta(channel, echo("m_2", "Good morning"))
            waiting.extend(queued())
            assert work(*waiting) == ["0"], "it is tried again"

    # Before the claim, and before the provider's id is on file.
    with interrupted(echoed_early, operation="PutItem", times=2):
        deliver()
    assert work(*waiting) == []

    assert [(one["id"] == ours, one["status"]) for one in messages()] == [(False, "received"), (True, "sent")]


@pytest.mark.parametrize("code", [1, 2, 1200])
def test_what_meta_calls_temporary_is_tried_again_with_longer_and_longer_pauses(
    provider: Provider, clock: Clock, code: int
) -> None:
    heard_on_messenger()
    provider.answers(400, {"error": {"code": code, "is_transient": True}})
    say("Good morning")
    tries = []
    for minute in range(8):
        say(f"Minute {minute}")
        deliver()
        reconcile()
        deliver()
        tries.append(len(provider.asked))
        clock.advance(minutes=1)
    # However often the worker comes by.
    assert tries == [1, 2, 2, 3, 3, 3, 3, 4]

    provider.answers(200, {"message_id": "m_2"})
    clock.advance(minutes=8)
    reconcile()
    deliver()

    sent = [one.json["message"]["text"] for one in provider.asked]
    assert sent == ["Good morning"] * 5 + [f"Minute {minute}" for minute in range(8)]
    assert {one["status"] for one in messages()[1:]} == {"sent"}


def test_what_meta_calls_temporary_and_never_passes_holds_up_nobody_for_ever(provider: Provider, clock: Clock) -> None:
    heard_on_messenger()
    provider.answers(400, {"error": {"code": 2}})
    say("Good morning")
    deliver()
    for _ in range(5):
        clock.advance(minutes=15)
        reconcile()
        deliver()

    assert len(provider.asked) == 5
    assert [(one["status"], one["error_code"]) for one in messages()[1:]] == [("failed", "unknown")]


def test_an_echo_settles_a_message_in_doubt_and_is_recorded_once(provider: Provider, clock: Clock) -> None:
    channel = make(MESSENGER)
    post_meta(channel, meta_post(meta_message("m_1", "Hello")))
    arrive()
    provider.hangs_up = True
    message_id = say("Good morning").json["id"]
    deliver()
    assert messages()[-1]["error_code"] == "outcome_unknown"

    for _ in range(2):
        post_meta(channel, echo("m_2", "Good morning", metadata=message_id))
        arrive()

    assert [(one["id"] == message_id, one["status"]) for one in messages()] == [(False, "received"), (True, "sent")]


def test_an_echo_waits_for_nobody_who_is_not_at_it(provider: Provider, clock: Clock) -> None:
    heard_on_messenger()
    channel = call("channels/list_channels").json["items"][0]
    provider.answers(400, {"error": {"code": 613}})
    say("Good morning")
    deliver()

    post_meta(channel, echo("m_9", "I am on it"))
    arrive()

    assert sorted(one["content"] for one in messages()) == ["Good morning", "Hello", "I am on it"]


@pytest.mark.parametrize("sent", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 15))
def test_whoever_dies_on_the_way_what_meta_tells_by_its_own_id_finds_the_message(
    provider: Provider, clock: Clock, at: int, sent: bool
) -> None:
    heard_on_messenger()
    channel = call("channels/list_channels").json["items"][0]
    provider.answers(200, {"message_id": "m_2"})
    say("Once")
    (event,) = announced("message")
    with suppress(Killed), killed_at(at, sent=sent):
        door("conversations/deliver_message")(event, None)
    for _ in range(2):
        clock.advance(minutes=10)
        reconcile()
        deliver()
    parties = {"sender": {"id": "7392015648120394"}, "recipient": {"id": "102938400000001"}}
    post_meta(channel, meta_post({**parties, "delivery": {"mids": ["m_2"]}}))
    arrive()

    shown = messages()[-1]
    assert len(provider.asked) <= 1
    # Whose answer was written down nowhere at all stays in doubt.
    assert shown["status"] == "delivered" or shown["error_code"] == "outcome_unknown"


def test_what_was_said_elsewhere_in_our_name_is_recorded_once(clock: Clock) -> None:
    channel = make(MESSENGER)
    post_meta(channel, meta_post(meta_message("m_1", "Hello")))
    told = echo("m_9", "I am on it", app_id=26390200)
    clock.advance(seconds=5)
    post_meta(channel, told)
    post_meta(channel, meta_post(*[json.loads(told)["entry"][0]["messaging"][0]] * 2))
    arrive()

    assert [(one["role"], one["direction"], one["status"]) for one in messages()] == [
        ("user", "inbound", "received"),
        ("assistant", "outbound", "sent"),
    ]
    assert conversation()["unread_count"] == 1
    assert change(conversation()["id"], unread_count=0).status == 200


def test_who_had_blocked_us_and_writes_again_may_be_answered(provider: Provider, clock: Clock) -> None:
    channel = make(MESSENGER)
    post_meta(channel, meta_post(meta_message("m_1", "Hello", at=int(clock.moment.timestamp() * 1000))))
    arrive()
    provider.answers(400, {"error": {"code": 551}})
    say("Good morning")
    deliver()
    assert say("Are you there?").status == 422
    clock.advance(minutes=1)

    post_meta(channel, meta_post(meta_message("m_2", "I am back", at=int(clock.moment.timestamp() * 1000))))
    arrive()

    assert say("Welcome back").status == 202


def receipt(word: str, until: int = ECHO_AT) -> bytes:
    """A post that tells that the person has what was sent until a moment, or has read it."""
    parties = {"sender": {"id": "7392015648120394"}, "recipient": {"id": "102938400000001"}}
    return meta_post({**parties, "timestamp": until, word: {"watermark": until}})


@pytest.mark.parametrize("names_ours", [True, False], ids=["ours by name", "ours by its id"])
@pytest.mark.parametrize(("read_at", "status"), [(ECHO_AT + 1, "read"), (ECHO_AT - 1, "sent")], ids=["after", "before"])
def test_an_echo_says_when_a_message_left_and_with_that_whether_it_was_read(
    provider: Provider, clock: Clock, names_ours: bool, read_at: int, status: str
) -> None:
    """The receipt comes before the answer is on file; one about earlier messages says nothing of this one."""
    heard_on_messenger()
    channel = call("channels/list_channels").json["items"][0]
    provider.answers(200, {"message_id": "m_2"})
    message_id = say("Good morning").json["id"]

    def read_early() -> None:
        if provider.asked:
            post_meta(channel, receipt("read", read_at))
            assert work(*queued()) == []

    with interrupted(read_early, operation="PutItem", times=2):
        deliver()
    post_meta(channel, echo("m_2", "Good morning", **({"metadata": message_id} if names_ours else {})))
    arrive()

    assert messages()[-1]["status"] == status


def test_what_is_read_while_it_is_in_doubt_is_read_once_an_echo_tells_that_it_was_sent(
    provider: Provider, clock: Clock
) -> None:
    heard_on_messenger()
    channel = call("channels/list_channels").json["items"][0]
    provider.hangs_up = True
    message_id = say("Good morning").json["id"]
    deliver()

    for raw in (receipt("read"), echo("m_2", "Good morning", metadata=message_id)):
        post_meta(channel, raw)
        arrive()

    assert messages()[-1]["status"] == "read"
