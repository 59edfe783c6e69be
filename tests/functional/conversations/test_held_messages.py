"""What waits while the provider refuses the account, and how it goes on."""

from __future__ import annotations

from typing import Any

from leadflow.channels.service import sending
from tests.functional.channels.accounts import make
from tests.functional.channels.provider import Provider
from tests.functional.conversations.talking import SID, deliver, messages, reconcile, say, texts, write
from tests.functional.webhooks.services import SMS
from tests.functional.wire import counts
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


def mended(by: Provider) -> None:
    """The provider takes the account again; what it was asked before is forgotten."""
    by.asked.clear()
    by.answers(200, {"status": "active", "sid": SID})


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
    write(make(SMS))
    refused(provider, "First")
    mended(provider)
    clock.advance(minutes=16)

    reconcile()
    deliver()

    assert texts(provider) == ["First"]


def test_a_provider_that_will_not_be_asked_yet_is_asked_later(provider: Provider, clock: Clock) -> None:
    write(make(SMS))
    refused(provider, "First")
    provider.answers(429, {"code": 20429}, {"Retry-After": "90"})
    clock.advance(minutes=16)
    reconcile()
    deliver()
    mended(provider)
    clock.advance(minutes=2)

    reconcile()
    deliver()

    assert texts(provider) == ["First"]


def test_what_could_not_be_sent_for_a_day_is_not_sent_any_more(provider: Provider, clock: Clock) -> None:
    """A mended account must not bring out what was said to somebody days before."""
    channel = make(SMS)
    write(channel)
    refused(provider, "First")
    clock.advance(hours=23)
    say("Second")
    clock.advance(hours=1, seconds=1)
    mended(provider)

    assert check(channel)["ok"] is True
    deliver()

    assert [(one["status"], one["error_code"]) for one in messages()[1:]] == [("failed", "expired"), ("sent", None)]
    assert texts(provider) == ["Second"]


def test_no_more_than_a_hundred_messages_wait_in_a_conversation(provider: Provider, clock: Clock) -> None:
    write(make(SMS))
    refused(provider, "text 1")
    for number in range(2, sending.MOST_WAITING + 1):
        assert say(f"text {number}").status == 202

    crowded = say("one too many")

    assert (crowded.status, crowded.headers["retry-after"]) == (429, "60")
    assert counts()["Message"] == 1 + sending.MOST_WAITING
