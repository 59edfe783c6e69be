"""PATCH /conversations/{conversation_id}"""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.channels.accounts import make
from tests.functional.conversations.talking import change, conversation, conversations, write
from tests.functional.webhooks.services import SMS
from tests.harness import Clock, call


def test_fields_change_and_what_was_left_out_stays(clock: Clock) -> None:
    write(make(SMS))
    found = conversation()

    answer = change(found["id"], sentiment="positive", summary="Wants a call", assigned_to="Bo", unread_count=0)

    assert answer.status == 200
    told = {"sentiment": "positive", "summary": "Wants a call", "assigned_to": "Bo", "unread_count": 0}
    assert answer.json == {**found, **told, "updated_at": answer.json["updated_at"]}
    assert change(found["id"], summary=None).json["summary"] is None


def test_what_changes_nothing_writes_nothing() -> None:
    write(make(SMS))
    found = conversation()
    first = change(found["id"], status="active")

    assert first.etag == call("conversations/get_conversation", path={"conversation_id": found["id"]}).etag


@pytest.mark.parametrize(
    "fields",
    [{"status": "open"}, {"status": None}, {"unread_count": 3}, {"sentiment": "happy"}, {"lead_id": "x"}, {}],
)
def test_what_cannot_be_is_refused(fields: dict[str, Any]) -> None:
    write(make(SMS))

    assert change(conversation()["id"], **fields).status == 422


def test_a_stale_version_is_refused() -> None:
    write(make(SMS))
    path = {"conversation_id": conversation()["id"]}

    answer = call("conversations/update_conversation", {"status": "closed"}, path=path, headers={"if-match": '"77"'})

    assert answer.status == 412


def test_closing_says_when_and_the_person_opens_it_again_by_writing(clock: Clock) -> None:
    channel = make(SMS)
    write(channel)
    found = conversation()
    clock.advance(minutes=5)
    assert change(found["id"], status="closed").json["ended_at"] == "2026-03-02T09:05:00.001Z"
    clock.advance(days=6)

    write(channel, "One more thing", sid="SM2")

    again = conversation()
    assert (again["id"], again["status"], again["ended_at"]) == (found["id"], "active", None)


def test_after_a_week_it_is_a_new_one(clock: Clock) -> None:
    channel = make(SMS)
    write(channel)
    found = conversation()
    change(found["id"], status="closed")
    clock.advance(days=8)

    write(channel, "Long time", sid="SM2")

    assert [one["status"] for one in conversations()] == ["active", "closed"]
    assert {one["lead_id"] for one in conversations()} == {found["lead_id"]}


def test_of_two_with_one_person_one_is_open(clock: Clock) -> None:
    channel = make(SMS)
    write(channel)
    old = conversation()["id"]
    change(old, status="closed")
    clock.advance(days=8)
    write(channel, "Long time", sid="SM2")
    new = conversation(status="active")["id"]

    answer = change(old, status="active")

    assert (answer.status, answer.json["other_id"]) == (409, new)
    change(new, status="closed")
    assert change(old, status="active").status == 200
    clock.advance(minutes=1)
    write(channel, "Here", sid="SM3")
    assert [one["id"] for one in conversations(status="active")] == [old]


def test_none() -> None:
    assert change("nope", status="closed").status == 404
