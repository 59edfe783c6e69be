"""The worker that sends what waits in a conversation."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import parse_qs

import pytest

from tests.functional.channels.accounts import make
from tests.functional.channels.provider import Provider
from tests.functional.conversations.talking import (
    ANA,
    SID,
    announced,
    conversation,
    conversations,
    deliver,
    lead_id,
    messages,
    reconcile,
    report,
    say,
    takes,
    texts,
    write,
)
from tests.functional.leads.merging import merged
from tests.functional.webhooks.services import SMS, WHATSAPP
from tests.functional.wire import Killed, killed_at
from tests.harness import Clock, call, door


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


def test_a_job_that_comes_twice_or_late_sends_once(provider: Provider) -> None:
    write(make(SMS))
    takes(provider)
    say("Once")
    (event,) = announced("message")

    for _ in range(3):
        door("conversations/deliver_message")(event, None)
    reconcile()
    deliver()

    assert texts(provider) == ["Once"]


def test_a_lost_job_is_found_by_reconcile(provider: Provider, clock: Clock) -> None:
    write(make(SMS))
    takes(provider)
    say("Good morning")
    announced()
    clock.advance(minutes=3)

    reconcile()
    deliver()

    assert texts(provider) == ["Good morning"]


def test_messages_go_out_in_the_order_they_were_written(provider: Provider, clock: Clock) -> None:
    write(make(SMS))
    takes(provider)
    for number in range(5):
        say(f"Part {number}")

    deliver()

    assert texts(provider) == [f"Part {number}" for number in range(5)]


def test_x37_a_status_never_goes_back(provider: Provider, clock: Clock) -> None:
    channel = make(WHATSAPP)
    write(channel)
    takes(provider)
    message_id = say("Hello").json["id"]
    # Before our own record, and out of order.
    report(channel, message_id, "read")
    deliver()
    for word in ("sent", "delivered", "queued", "failed"):
        report(channel, message_id, word)

    shown = next(one for one in messages() if one["id"] == message_id)
    assert (shown["status"], shown["error_code"]) == ("read", None)
    # It was told that the person has it, so it was not sent anew.
    assert provider.asked == []


def test_why_it_was_not_delivered_is_told_in_words(provider: Provider) -> None:
    channel = make(WHATSAPP)
    write(channel)
    takes(provider)
    message_id = say("Hello").json["id"]
    deliver()

    report(channel, message_id, "undelivered", ErrorCode="63016")

    shown = next(one for one in messages() if one["id"] == message_id)
    assert (shown["status"], shown["error_code"]) == ("failed", "window_closed")
    assert "63016" in shown["error_message"]


@pytest.mark.parametrize("way", ["at once", "later"])
def test_who_is_said_to_have_opted_out_is_not_written_to_again(provider: Provider, way: str) -> None:
    channel = make(SMS)
    write(channel)
    if way == "at once":
        provider.answers(400, {"code": 21610, "message": "unsubscribed"})
        say("Hello")
        deliver()
    else:
        takes(provider)
        message_id = say("Hello").json["id"]
        deliver()
        report(channel, message_id, "failed", ErrorCode="21610")

    assert messages()[-1]["error_code"] == "opted_out"
    assert say("Hello?").status == 422
    lead = call("leads/get_lead", path={"lead_id": conversation()["lead_id"]}).json
    assert lead["consent"]["sms"]["opted_in"] is False


def test_an_ambiguous_timeout_is_not_repeated_and_a_callback_settles_it(provider: Provider, clock: Clock) -> None:
    channel = make(SMS)
    write(channel)
    provider.hangs_up = True
    message_id = say("Did you get this?").json["id"]
    deliver()
    shown = messages()[-1]
    assert (shown["status"], shown["error_code"]) == ("queued", "outcome_unknown")
    provider.hangs_up = False
    takes(provider)
    provider.asked.clear()
    for _ in range(4):
        clock.advance(minutes=20)
        reconcile()
        deliver()
    assert provider.asked == []

    report(channel, message_id, "delivered")

    shown = messages()[-1]
    assert (shown["status"], shown["error_code"], shown["provider_message_id"]) == ("delivered", None, SID)


def test_those_behind_one_in_doubt_go_on(provider: Provider, clock: Clock) -> None:
    write(make(SMS))
    provider.hangs_up = True
    say("First")
    deliver()
    provider.hangs_up = False
    takes(provider)
    provider.asked.clear()

    say("Second")
    deliver()

    assert texts(provider) == ["Second"]


def test_a_provider_that_is_busy_is_waited_for_and_the_order_stays(provider: Provider, clock: Clock) -> None:
    write(make(SMS))
    provider.answers(429, {"code": 20429}, {"Retry-After": "120"})
    say("First")
    say("Second")
    deliver()
    assert [one["status"] for one in messages()[1:]] == ["queued", "queued"]
    provider.asked.clear()
    takes(provider)
    clock.advance(minutes=3)

    reconcile()
    deliver()

    assert texts(provider) == ["First", "Second"]


def test_a_channel_sends_as_many_a_minute_as_it_may(provider: Provider, clock: Clock) -> None:
    write(make(SMS, rate_limit_per_minute=2))
    takes(provider)
    for number in range(3):
        say(f"Part {number}")

    deliver()
    assert texts(provider) == ["Part 0", "Part 1"]
    clock.advance(minutes=2)
    reconcile()
    deliver()

    assert texts(provider) == ["Part 0", "Part 1", "Part 2"]


def test_gates_are_asked_again_when_it_is_sent(provider: Provider, clock: Clock) -> None:
    channel = make(SMS)
    write(channel)
    say("Hello")
    jobs = announced("message")
    write(channel, "STOP", sid="SM2")
    takes(provider)

    for event in jobs:
        door("conversations/deliver_message")(event, None)

    assert provider.asked == []
    shown = next(one for one in messages() if one["direction"] == "outbound")
    assert (shown["status"], shown["error_code"]) == ("failed", "opted_out")


def test_x38_after_a_merge_answers_go_to_the_identity_that_wrote(provider: Provider, clock: Clock) -> None:
    channel = make(SMS)
    other = lead_id(phone="+14155550199")
    write(channel)
    anas = conversation()
    merged(other, anas["lead_id"])
    takes(provider)

    say("For Ana", anas["id"])
    deliver()

    (asked,) = provider.asked
    assert parse_qs(asked.body.decode())["To"] == [ANA]
    assert [one["id"] for one in conversations(lead_id=other)] == [anas["id"]]
    clock.advance(minutes=1)
    write(channel, "Got it", sid="SM2")
    assert len(messages(anas["id"])) == 3


@pytest.mark.parametrize("sent", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 15))
def test_whoever_dies_on_the_way_nobody_gets_it_twice(provider: Provider, clock: Clock, at: int, sent: bool) -> None:
    channel = make(SMS)
    write(channel)
    takes(provider)
    message_id = say("Once").json["id"]
    (event,) = announced("message")
    with suppress(Killed), killed_at(at, sent=sent):
        door("conversations/deliver_message")(event, None)

    for _ in range(3):
        clock.advance(minutes=10)
        reconcile()
        deliver()

    shown = next(one for one in messages() if one["id"] == message_id)
    assert len(texts(provider)) <= 1
    assert shown["status"] == "sent" or shown["error_code"] == "outcome_unknown"
    report(channel, message_id, "delivered")
    assert next(one for one in messages() if one["id"] == message_id)["status"] == "delivered"
    say("And on")
    deliver()
    assert texts(provider)[-1] == "And on"
