"""GET /conversations/{conversation_id}"""

from __future__ import annotations

from tests.functional.channels.accounts import make
from tests.functional.conversations.talking import conversation, write
from tests.functional.webhooks.services import WHATSAPP
from tests.harness import Clock, call


def test_it_says_until_when_a_free_message_may_be_sent(clock: Clock) -> None:
    write(make(WHATSAPP))

    answer = call("conversations/get_conversation", path={"conversation_id": conversation()["id"]})

    assert answer.status == 200
    assert answer.json["window_closes_at"] == "2026-03-03T09:00:00.000Z"
    assert answer.headers["etag"]


def test_none() -> None:
    assert call("conversations/get_conversation", path={"conversation_id": "nope"}).status == 404
