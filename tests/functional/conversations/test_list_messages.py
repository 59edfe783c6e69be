"""GET /conversations/{conversation_id}/messages"""

from __future__ import annotations

from tests.functional.channels.accounts import make
from tests.functional.conversations.talking import ANA, conversation, messages, write
from tests.functional.webhooks.services import SMS, WHATSAPP
from tests.harness import Clock, call


def test_what_somebody_writes_is_a_lead_a_conversation_and_a_message(clock: Clock) -> None:
    channel = make(SMS)

    write(channel, "Hello there")

    (message,) = messages()
    assert (message["content"], message["role"], message["direction"], message["status"]) == (
        "Hello there", "user", "inbound", "received",
    )  # fmt: skip
    found = conversation()
    assert (found["channel"], found["status"], found["unread_count"], found["sms_id"]) == ("sms", "active", 1, ANA)
    (lead,) = call("leads/list_leads").json["items"]
    assert (lead["id"], lead["phone"], lead["source"], lead["name"]) == (found["lead_id"], ANA, "sms", "+14…0143")


def test_the_same_message_twice_is_one(clock: Clock) -> None:
    channel = make(SMS)
    write(channel, "Hello", sid="SM1")
    clock.advance(hours=1)

    write(channel, "Hello", sid="SM1", ToState="CA")

    assert len(messages()) == 1
    assert conversation()["unread_count"] == 1


def test_one_person_on_two_channels_is_one_lead() -> None:
    write(make(SMS), "By SMS", sid="SM1")
    write(make(WHATSAPP), "By WhatsApp", sid="SM2", ProfileName="Ana Ruiz")

    (lead,) = call("leads/list_leads").json["items"]
    assert {one["lead_id"] for one in (conversation(channel="sms"), conversation(channel="whatsapp"))} == {lead["id"]}


def test_of_no_conversation() -> None:
    assert call("conversations/list_messages", path={"conversation_id": "nope"}).status == 404


def test_a_message_without_words_says_what_it_is() -> None:
    write(make(WHATSAPP), "", MessageType="location", Latitude="52.5", Longitude="13.4")

    (shown,) = messages()
    assert (shown["content"], shown["metadata"]["data"]["Latitude"]) == ("[location]", "52.5")
