"""POST /channels/{channel_id}/check"""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.channels.accounts import MESSENGER, SMS, make
from tests.functional.channels.provider import Provider
from tests.harness import Answer, Clock, call

WRONG = {"errors": [{"field": None, "message": "The provided authorization grant is invalid", "help": None}]}


def check(channel: dict[str, Any]) -> Answer:
    return call("channels/check_channel", path={"channel_id": channel["id"]})


def health(channel: dict[str, Any]) -> tuple[bool | None, str | None]:
    shown = call("channels/get_channel", path={"channel_id": channel["id"]}).json
    return shown["is_healthy"], shown["last_checked_at"]


def test_a_key_that_may_send_is_fine(provider: Provider, clock: Clock) -> None:
    provider.answers(200, {"scopes": ["mail.send", "user.account.read"]})
    channel = make()
    clock.advance(hours=1)
    answer = check(channel)
    assert (answer.status, answer.json) == (
        200,
        {"ok": True, "detail": "The key may send mail.", "scopes": ["mail.send", "user.account.read"]},
    )
    (asked,) = provider.asked
    assert (asked.method, asked.path) == ("GET", "/sendgrid/v3/scopes")
    assert asked.headers["authorization"] == "Bearer SG.the-api-key"
    assert health(channel) == (True, "2026-03-02T10:00:00.000Z")


def test_a_key_that_may_not_send_is_not(provider: Provider) -> None:
    provider.answers(200, {"scopes": ["user.account.read"]})
    channel = make()
    assert check(channel).json == {
        "ok": False,
        "detail": "The key lacks the scope mail.send.",
        "scopes": ["user.account.read"],
    }
    assert health(channel)[0] is False


def test_a_refused_key_marks_the_channel_until_a_check_succeeds(provider: Provider) -> None:
    channel = make()
    provider.answers(401, WRONG)
    answer = check(channel).json
    assert answer == {
        "ok": False,
        "detail": "SendGrid answered 401: The provided authorization grant is invalid",
        "scopes": None,
    }
    assert health(channel)[0] is False
    provider.answers(200, {"scopes": ["mail.send"]})
    assert check(channel).json["ok"] is True
    assert health(channel)[0] is True


def test_a_provider_in_trouble_says_nothing_about_the_key(provider: Provider) -> None:
    channel = make()
    provider.answers(500, {"errors": [{"message": "Internal Server Error"}]})
    assert check(channel).json == {"ok": False, "detail": "The provider answered 500.", "scopes": None}
    provider.hangs_up = True
    assert check(channel).json["ok"] is False
    assert health(channel) == (None, None)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"scopes": 7}', b"{}"])
def test_an_answer_that_cannot_be_read_says_nothing_about_the_key(provider: Provider, body: bytes) -> None:
    channel = make()
    provider.answers(200, body)

    assert check(channel).json["ok"] is False
    assert health(channel) == (None, None)


def test_a_question_that_is_refused_is_no_error_of_ours(provider: Provider) -> None:
    channel = make()
    provider.answers(404, {"errors": [{"field": None, "message": "not found"}]})

    answer = check(channel)

    assert (answer.status, answer.json["ok"]) == (200, False)
    assert answer.json["detail"] == "SendGrid answered 404: not found"


def test_too_many_requests_are_said_to_be_that(provider: Provider) -> None:
    channel = make()
    provider.answers(429, {"errors": [{"field": None, "message": "too many requests"}]})
    answer = check(channel)
    assert (answer.status, answer.headers["retry-after"]) == (429, "60")


def test_a_channel_without_a_key_is_not_fine(provider: Provider) -> None:
    channel = make(is_active=False, api_credentials={})
    assert check(channel).json["ok"] is False
    assert not provider.asked


STANDINGS = [
    (SMS, 200, {"status": "active"}, True, "The account is active."),
    (SMS, 200, {"status": "suspended"}, False, "The account is suspended."),
    (SMS, 200, [], False, "Twilio says nothing about the account."),
    (SMS, 401, {"code": 20003}, False, "Twilio: The provider does not let the account send for now. (20003)"),
    (MESSENGER, 200, {"id": "102938400000001"}, True, "The token is good."),
    (MESSENGER, 400, {"error": {"code": 190, "error_subcode": 463}}, False, None),
    (MESSENGER, 400, {"error": {"code": 10}}, False, None),
]


@pytest.mark.parametrize(("channel", "status", "told", "ok", "detail"), STANDINGS)
def test_message_services_are_asked_about_the_account(
    provider: Provider, channel: dict[str, Any], status: int, told: Any, ok: bool, detail: str | None
) -> None:
    provider.answers(status, told)
    made = make(channel)

    answer = check(made)

    assert (answer.status, answer.json["ok"]) == (200, ok)
    assert detail in (None, answer.json["detail"])
    shown = call("channels/get_channel", path={"channel_id": made["id"]}).json
    assert shown["is_healthy"] is ok
    (asked,) = provider.asked
    assert asked.path == ("/twilio/2010-04-01/Accounts/AC0.json" if channel is SMS else "/facebook/v25.0/me?fields=id")


def test_a_message_service_that_wants_to_be_asked_later_says_nothing_of_the_account(provider: Provider) -> None:
    provider.answers(429, {"code": 20429}, {"Retry-After": "7"})
    made = make(SMS)

    answer = check(made)

    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    assert call("channels/get_channel", path={"channel_id": made["id"]}).json["is_healthy"] is None


def test_no_such_channel() -> None:
    assert check({"id": "01HZX4"}).status == 404


def test_the_scope_is_needed() -> None:
    channel = make()
    assert call("channels/check_channel", path={"channel_id": channel["id"]}, scopes="channels:read").status == 403
