"""GET /conversations"""

from __future__ import annotations

from tests.functional.channels.accounts import make
from tests.functional.conversations.talking import change, conversations, write
from tests.functional.webhooks.services import SMS
from tests.harness import Clock, call

BO, CY = "+14155550144", "+14155550145"


def test_the_last_to_write_comes_first(clock: Clock) -> None:
    channel = make(SMS)
    write(channel, sid="SM1", person=BO)
    clock.advance(minutes=1)
    write(channel, sid="SM2", person=CY)
    clock.advance(minutes=1)
    write(channel, sid="SM3", person=BO)

    assert [one["sms_id"] for one in conversations()] == [BO, CY]


def test_filters(clock: Clock) -> None:
    channel = make(SMS)
    write(channel, sid="SM1", person=BO)
    clock.advance(minutes=1)
    write(channel, sid="SM2", person=CY)
    cys, bos = conversations()
    change(bos["id"], status="closed", assigned_to="Dee Dee")

    assert [one["id"] for one in conversations(status="closed")] == [bos["id"]]
    assert [one["id"] for one in conversations(status="active")] == [cys["id"]]
    assert [one["id"] for one in conversations(assigned_to="dee  dee")] == [bos["id"]]
    assert [one["id"] for one in conversations(assigned_to="dee dee", status="active")] == []
    assert [one["id"] for one in conversations(lead_id=cys["lead_id"])] == [cys["id"]]
    assert len(conversations(channel="sms")) == 2
    assert conversations(channel="whatsapp") == []
    assert conversations(lead_id="nobody") == []


def test_pages(clock: Clock) -> None:
    channel = make(SMS)
    for number in range(5):
        write(channel, sid=f"SM{number}", person=f"+1415555015{number}")
        clock.advance(seconds=1)

    first = call("conversations/list_conversations", query={"limit": "3"}).json
    rest = call("conversations/list_conversations", query={"limit": "3", "cursor": first["next_cursor"]}).json

    assert [one["sms_id"][-1] for one in first["items"] + rest["items"]] == ["4", "3", "2", "1", "0"]
    assert rest["next_cursor"] is None


def test_bad_filters_are_named() -> None:
    assert call("conversations/list_conversations", query={"status": "open"}).status == 422
    assert call("conversations/list_conversations", query={"cursor": "x"}).status == 400
