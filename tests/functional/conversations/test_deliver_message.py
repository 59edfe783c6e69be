"""The worker that sends what waits in a conversation."""

from __future__ import annotations

from urllib.parse import parse_qs

from tests.functional.channels.accounts import make
from tests.functional.channels.provider import Provider
from tests.functional.conversations.talking import ANA, SID, deliver, messages, report, say, takes, write
from tests.functional.webhooks.services import SMS
from tests.harness import Clock


def test_an_answer_goes_to_who_wrote(provider: Provider, clock: Clock) -> None:
    channel = make(SMS)
    write(channel)
    clock.advance(minutes=1)
    takes(provider)

    answer = say("Good morning")
    assert (answer.status, answer.json["status"]) == (202, "queued")
    deliver()

    (asked,) = provider.asked
    sent = parse_qs(asked.body.decode())
    assert (sent["To"], sent["From"], sent["Body"]) == ([ANA], [channel["phone_number"]], ["Good morning"])
    assert messages()[1]["status"] == "sent"
    assert messages()[1]["provider_message_id"] == SID
    report(channel, answer.json["id"], "delivered")
    assert messages()[1]["status"] == "delivered"
