"""A number or address that went from one person to another: who writes from it is who has it now."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from tests.functional.channels.accounts import make
from tests.functional.channels.provider import Provider
from tests.functional.conversations.talking import (
    ANA,
    arrive,
    change,
    conversation,
    conversations,
    deliver,
    lead_id,
    messages,
    say,
    takes,
    texts,
    write,
)
from tests.functional.leads.merging import merged
from tests.functional.webhooks.doors import mail
from tests.functional.webhooks.posts import queued, work
from tests.functional.webhooks.services import MAIL, SMS, form, post_mail, post_twilio
from tests.functional.wire import Killed, killed_at
from tests.harness import Clock, call

Record = dict[str, Any]


def patched(lead: str, **fields: Any) -> None:
    assert call("leads/update_lead", fields, path={"lead_id": lead}).status == 200


def talk_with(lead: str) -> list[list[str]]:
    """What was said with a lead, conversation by conversation, the latest first."""
    return [[one["content"] for one in messages(each["id"])] for each in conversations(lead_id=lead)]


@pytest.fixture
def moved(clock: Clock) -> tuple[Record, str, str]:
    """A channel, the lead who wrote by it, and the one who has their number now."""
    channel = make(SMS)
    write(channel, "Hello from before")
    before = str(conversation()["lead_id"])
    patched(before, phone=None, email="before@example.com")
    return channel, before, lead_id(phone=ANA)


def test_who_writes_is_who_has_the_number_now(moved: tuple[Record, str, str], provider: Provider) -> None:
    channel, before, now = moved
    (theirs,) = conversations()

    write(channel, "Hello from now", sid="SM2")
    write(channel, "And on", sid="SM3")

    assert talk_with(before) == [["Hello from before"]]
    assert talk_with(now) == [["Hello from now", "And on"]]
    assert call("conversations/get_conversation", path={"conversation_id": theirs["id"]}).json["status"] == "closed"
    takes(provider)
    say("Welcome", conversation(lead_id=now)["id"])
    deliver()
    assert texts(provider) == ["Welcome"]


def test_what_was_said_with_the_former_is_not_taken_up_again(moved: tuple[Record, str, str]) -> None:
    channel, before, now = moved
    (theirs,) = conversations()
    write(channel, "Hello from now", sid="SM2")
    change(conversation(lead_id=now)["id"], status="closed")

    assert change(theirs["id"], status="active").status == 409
    write(channel, "Once more", sid="SM3")

    assert talk_with(before) == [["Hello from before"]]
    assert talk_with(now) == [["Hello from now", "Once more"]]


def test_a_number_that_nobody_has_stays_whose_it_was(clock: Clock) -> None:
    channel = make(SMS)
    write(channel)
    patched(str(conversation()["lead_id"]), phone=None, email="before@example.com")

    write(channel, "Still me", sid="SM2")

    assert [one["content"] for one in messages()] == ["Hello", "Still me"]


def test_within_a_merged_lead_a_number_has_not_moved(moved: tuple[Record, str, str]) -> None:
    channel, before, now = moved
    merged(now, before)

    write(channel, "Still me", sid="SM2")

    assert [one["content"] for one in messages()] == ["Hello from before", "Still me"]


def test_an_address_moves_as_a_number_does(clock: Clock) -> None:
    channel = make(MAIL)
    post_mail(channel, mail("Hello from before"))
    arrive()
    before = str(conversation()["lead_id"])
    patched(before, email="before@example.com")
    now = lead_id(email="ana@example.com")

    headers = "From: Ana <ana@example.com>\nTo: hello@acme.example\nMessage-ID: <m2@example.com>"
    post_mail(channel, mail("Hello from now", headers=headers))
    arrive()

    assert (talk_with(before), talk_with(now)) == ([["Hello from before"]], [["Hello from now"]])


@pytest.mark.parametrize("sent", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 18))
def test_whoever_dies_on_the_way_it_is_said_once_and_by_the_right_one(
    moved: tuple[Record, str, str], at: int, sent: bool
) -> None:
    channel, before, now = moved
    post_twilio(channel, form(MessageSid="SM2", Body="Hello from now"))
    waiting = queued()
    with suppress(Killed), killed_at(at, sent=sent):
        work(*waiting)

    assert work(*waiting) == []

    assert (talk_with(before), talk_with(now)) == ([["Hello from before"]], [["Hello from now"]])
