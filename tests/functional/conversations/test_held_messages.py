"""What waits while the provider refuses the account, and how it goes on."""

from __future__ import annotations

from typing import Any

from tests.functional.channels.accounts import make
from tests.functional.channels.provider import Provider
from tests.functional.conversations.talking import SID, deliver, messages, reconcile, say, texts, write
from tests.functional.webhooks.services import SMS
from tests.harness import Clock, call


def check(channel: dict[str, Any]) -> dict[str, Any]:
    answer = call("channels/check_channel", path={"channel_id": channel["id"]})
    assert answer.status == 200, answer.text
    told: dict[str, Any] = answer.json
    return told


def refused(by: Provider, words: str) -> None:
    """The provider refuses the account with this message, which is held."""
    by.answers(401, {"code": 20003, "message": "Authenticate"})
    say(words)
    deliver()


def test_x41_a_refused_account_holds_its_messages_and_a_check_releases_them_in_order(
    provider: Provider, clock: Clock
) -> None:
    channel = make(SMS)
    write(channel)
    refused(provider, "First")
    say("Second")
    deliver()
    assert [(one["status"], one["error_code"]) for one in messages()[1:]] == [("queued", "held"), ("queued", None)]
    assert call("channels/get_channel", path={"channel_id": channel["id"]}).json["is_healthy"] is False
    asked = len(provider.asked)
    assert asked == 1, "nobody goes on asking a provider that refuses the account"

    assert check(channel)["ok"] is False
    provider.answers(200, {"status": "active", "sid": SID})
    assert check(channel)["ok"] is True
    provider.asked.clear()
    deliver()

    assert texts(provider) == ["First", "Second"]
    assert [(one["status"], one["error_code"]) for one in messages()[1:]] == [("sent", None), ("sent", None)]


def test_the_worker_asks_by_itself_now_and_then(provider: Provider, clock: Clock) -> None:
    channel = make(SMS)
    write(channel)
    refused(provider, "First")
    provider.asked.clear()
    provider.answers(200, {"status": "active", "sid": SID})
    clock.advance(minutes=16)

    reconcile()
    deliver()

    assert texts(provider) == ["First"]
    assert channel["id"]


def test_a_provider_that_will_not_be_asked_yet_is_asked_later(provider: Provider, clock: Clock) -> None:
    write(make(SMS))
    refused(provider, "First")
    provider.answers(429, {"code": 20429}, {"Retry-After": "90"})
    clock.advance(minutes=16)
    reconcile()
    deliver()
    provider.asked.clear()
    provider.answers(200, {"status": "active", "sid": SID})
    clock.advance(minutes=2)

    reconcile()
    deliver()

    assert texts(provider) == ["First"]
