"""POST /conversations"""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.channels.accounts import MESSENGER, make
from tests.functional.conversations.talking import ANA, change, conversation, lead_id, write
from tests.functional.leads.merging import merged
from tests.functional.webhooks.services import SMS, WHATSAPP
from tests.harness import Answer, Clock, call


def create(**body: Any) -> Answer:
    return call("conversations/create_conversation", body)


def test_it_begins_one_where_the_lead_is_reached() -> None:
    channel = make(SMS)
    ana = lead_id(phone=ANA)

    answer = create(channel="sms", lead_id=ana, assigned_to="Bo")

    assert answer.status == 201, answer.text
    assert answer.headers["location"] == f"/conversations/{answer.json['id']}"
    told = {name: answer.json[name] for name in ("lead_id", "channel_config_id", "sms_id", "status", "unread_count")}
    assert told == {
        "lead_id": ana,
        "channel_config_id": channel["id"],
        "sms_id": ANA,
        "status": "active",
        "unread_count": 0,
    }


def test_what_the_person_then_writes_goes_there() -> None:
    channel = make(SMS)
    ana = lead_id(phone=ANA)
    made = create(channel="sms", lead_id=ana).json

    write(channel)

    assert conversation()["id"] == made["id"]


def test_a_second_open_one_with_the_same_person_is_a_conflict_that_names_it(clock: Clock) -> None:
    make(SMS)
    ana = lead_id(phone=ANA)
    first = create(channel="sms", lead_id=ana).json["id"]

    answer = create(channel="sms", lead_id=ana)

    assert (answer.status, answer.json["other_id"]) == (409, first)
    change(first, status="closed")
    assert create(channel="sms", lead_id=ana).status == 201


def test_an_address_that_went_to_another_lead_reaches_that_one(clock: Clock) -> None:
    channel = make(SMS)
    write(channel)
    before = conversation()
    call("leads/update_lead", {"phone": None}, path={"lead_id": before["lead_id"]})
    bo = lead_id(name="Bo", phone=ANA)
    clock.advance(minutes=1)

    made = create(channel="sms", lead_id=bo)

    assert (made.status, made.json["lead_id"]) == (201, bo)
    assert conversation(lead_id=before["lead_id"])["status"] == "closed"
    write(channel, "It is me now", sid="SM2")
    assert conversation(lead_id=bo)["unread_count"] == 1


def test_a_merged_lead_is_reached_in_the_conversation_of_its_part() -> None:
    channel = make(SMS)
    write(channel)
    held = conversation()
    other = lead_id(name="Bo")
    merged(other, held["lead_id"])

    answer = create(channel="sms", lead_id=other)

    assert (answer.status, answer.json["other_id"], channel["id"]) == (409, held["id"], held["channel_config_id"])


def test_chat_is_only_kept_and_needs_no_lead() -> None:
    answer = create(channel="chat", channel_metadata={"page": "/prices"})

    assert answer.status == 201
    assert (answer.json["lead_id"], answer.json["channel_metadata"]) == (None, {"page": "/prices"})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"channel": "sms"}, "lead_id"),
        ({"channel": "sms", "lead_id": "nobody"}, "lead_id"),
        ({"channel": "whatsapp", "lead_id": "ANA"}, "channel_config_id"),
        ({"channel": "email", "lead_id": "ANA"}, "channel_config_id"),
        ({"channel": "messenger", "lead_id": "ANA"}, "lead_id"),
        ({"channel": "sms", "lead_id": "ANA", "channel_config_id": "nope"}, "channel_config_id"),
        ({"channel": "chat", "lead_id": "nobody"}, "lead_id"),
        ({"channel": "chat", "channel_config_id": "x"}, "channel_config_id"),
        ({"channel": "fax"}, "channel"),
        ({}, "channel"),
    ],
)
def test_what_cannot_be_begun_is_named(body: dict[str, Any], field: str) -> None:
    make(SMS)
    make(MESSENGER)
    ana = lead_id(phone=ANA)

    answer = create(**{name: ana if value == "ANA" else value for name, value in body.items()})

    assert answer.status == 422
    assert [one["field"] for one in answer.json["errors"]] == [field]


def test_a_lead_without_a_phone_is_not_reached() -> None:
    make(WHATSAPP)

    assert create(channel="whatsapp", lead_id=lead_id()).json["errors"][0]["message"] == "this lead has no phone"
