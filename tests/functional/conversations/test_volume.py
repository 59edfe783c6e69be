"""What a message costs does not grow with what was written before."""

from __future__ import annotations

from tests.functional import wire
from tests.functional.channels.accounts import make
from tests.functional.conversations.talking import conversations, write
from tests.functional.webhooks.services import SMS
from tests.harness import Clock, call


def test_x42_the_fiftieth_message_takes_the_calls_that_the_second_took(clock: Clock) -> None:
    channel = make(SMS)
    calls = []
    for number in range(50):
        clock.advance(seconds=1)
        with wire.watched() as seen:
            write(channel, f"Message {number}", sid=f"SM{number:032d}")
        calls.append(sorted(seen))

    assert calls[1] == calls[49]
    with wire.watched() as seen:
        [shown] = conversations()
    assert shown["unread_count"] == 50
    assert "Scan" not in seen


def test_x42_a_page_of_many_conversations_takes_the_calls_of_a_page_of_few(clock: Clock) -> None:
    channel = make(SMS)
    calls = []
    for number in range(30):
        clock.advance(seconds=1)
        write(channel, sid=f"SM{number:032d}", person=f"+1415555{1000 + number}")
        if number in (5, 29):
            with wire.watched() as seen:
                page = call("conversations/list_conversations", query={"limit": "5"}).json
            assert len(page["items"]) == 5
            calls.append(seen)

    assert calls[0] == calls[1]
