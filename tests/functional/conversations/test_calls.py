"""What a delivery takes of the table: nothing is read twice, and nothing is written that cannot succeed."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.functional import wire
from tests.functional.channels.accounts import make
from tests.functional.channels.provider import Provider
from tests.functional.conversations.talking import (
    ANA,
    SID,
    conversation,
    deliver,
    messages,
    say,
    takes,
    write,
)
from tests.functional.webhooks.posts import queued, work
from tests.functional.webhooks.services import SMS, form, post_twilio
from tests.harness import Clock


@pytest.fixture
def number(provider: Provider, clock: Clock) -> dict[str, object]:
    """A number of ours at which a person has written once and was answered once."""
    takes(provider)
    channel = make(SMS)
    write(channel)
    say("Good morning")
    deliver()
    clock.advance(minutes=1)
    return channel


def test_a_message_of_a_known_person(number: dict[str, object]) -> None:
    with wire.watched() as at_the_door:
        post_twilio(number, form(MessageSid="SM2", Body="And by Friday"))
    waiting = queued()
    with wire.watched() as in_the_worker:
        assert work(*waiting) == []

    assert Counter(at_the_door) == {"GetItem": 1, "PutItem": 1}
    # The delivery, its channel, what is known of the message, the person (again in the end: they may have been erased
    # meanwhile), who has their number, their lead and its stop, the conversation; the stop, the message with all it
    # changes, the delivery.
    assert Counter(in_the_worker) == {"GetItem": 9, "PutItem": 2, "TransactWriteItems": 1}


def test_sending_a_message(number: dict[str, object]) -> None:
    thread = conversation()["id"]
    say("How many do you need?", thread)
    with wire.watched() as seen:
        deliver()

    # The conversation, the message, its channel, the lead, whether the address is suppressed, what is known under the
    # provider's id; the claim, and turn, begin, outcome, end of the wait and end of the turn.
    assert Counter(seen) == {"GetItem": 6, "PutItem": 1, "UpdateItem": 5}
    assert [one["status"] for one in messages(thread)][-1] == "sent"


def test_each_further_message_in_one_turn_takes_no_more_than_its_own(number: dict[str, object]) -> None:
    thread = conversation()["id"]
    taken = []
    for count in (1, 2, 3):
        for text in range(count):
            say(f"Part {text}", thread)
        with wire.watched() as seen:
            deliver()
        taken.append(len(seen))

    # Nine of its own, and one by which its announcement finds that nothing waits any more.
    assert taken[2] - taken[1] == taken[1] - taken[0] == 10


def test_what_became_of_a_message(number: dict[str, object]) -> None:
    told = form(MessageSid=SID, MessageStatus="delivered", From=str(SMS["phone_number"]), To=ANA)
    post_twilio(number, told, status=True, query={"m": messages()[-1]["id"]})
    waiting = queued()
    with wire.watched() as seen:
        assert work(*waiting) == []

    assert Counter(seen) == {"GetItem": 5, "UpdateItem": 1, "PutItem": 1}
