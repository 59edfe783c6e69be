"""People write on all five channels and are answered, on the one-machine mode, by signed webhooks of its sandbox."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from local.client import Api

PATIENCE_SECONDS = 30
PEOPLE = {
    "sms": ("+14155550171", "twilio"),
    "whatsapp": ("+14155550172", "twilio"),
    "messenger": ("7392015648120171", "facebook"),
    "instagram": ("7392015648120172", "facebook"),
    "email": ("ana.talking@example.com", "sendgrid"),
}


def until(found: Callable[[], Any]) -> Any:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        value = found()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("it did not come to be")


def messages(api: Api, conversation_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"/conversations/{conversation_id}/messages")["items"]
    return found[::-1]


@pytest.mark.parametrize("channel", PEOPLE)
def test_who_writes_is_answered_and_the_answer_is_seen_to_arrive(api: Api, sandbox: Api, channel: str) -> None:
    person, provider = PEOPLE[channel]
    told = {"provider": provider, "event": "inbound", "channel": channel, "from": person, "body": f"Hello by {channel}"}
    sandbox.post("/simulate", {**told, "duplicate": 3})

    [conversation] = until(lambda: api.get("/conversations", params={"channel": channel})["items"])
    [message] = until(lambda: messages(api, conversation["id"]))
    assert (message["content"].strip(), message["status"]) == (f"Hello by {channel}", "received")

    answers = [f"Answer {number}" for number in range(3)]
    for words in answers:
        api.post(f"/conversations/{conversation['id']}/messages", {"content": words})

    got = until(
        lambda: (
            found
            if len(found := sandbox.get("/sent", params={"provider": provider, "to": person})["items"]) == len(answers)
            else None
        )
    )
    # A mail ends with who writes and from where.
    assert [one["body"].partition("\n\n-- \n")[0].strip() for one in got] == answers
    # Instagram tells of no delivery: https://developers.facebook.com/docs/instagram-platform
    last = "sent" if channel == "instagram" else "delivered"
    until(lambda: all(one["status"] == last for one in messages(api, conversation["id"])[1:]))
    assert len(messages(api, conversation["id"])) == 4
    assert api.get(f"/conversations/{conversation['id']}")["unread_count"] == 1
