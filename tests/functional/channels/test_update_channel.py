"""PATCH /channels/{channel_id}"""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.channels import store
from leadflow.channels.service.credentials import accepted, credential
from tests.functional.channels.accounts import EMAIL, SMS, make
from tests.functional.channels.provider import Provider
from tests.functional.wire import stored
from tests.harness import Answer, Clock, call


def change(channel: dict[str, Any], body: dict[str, Any], **options: Any) -> Answer:
    return call("channels/update_channel", body, path={"channel_id": channel["id"]}, **options)


def kept(channel: dict[str, Any]) -> store.ChannelConfig:
    found = store.find_channel(channel["id"])
    assert found is not None
    return found


def test_fields_given_are_changed_and_others_stay() -> None:
    channel = make(EMAIL)

    answer = change(channel, {"from_name": "Acme Sales", "is_active": False, "reply_to": "sales@acme.example"})

    assert answer.status == 200
    assert {**channel, "from_name": "Acme Sales", "is_active": False, "reply_to": "sales@acme.example"} == {
        **answer.json,
        "updated_at": channel["updated_at"],
    }


def test_a_credential_is_replaced_and_the_former_verifies_for_a_day(clock: Clock) -> None:
    channel = make(SMS)

    shown = change(channel, {"api_credentials": {"auth_token": "second"}})
    assert "second" not in shown.text
    assert credential(kept(channel), "auth_token") == "second"
    assert accepted(kept(channel), "auth_token") == ["second", "t0"]
    assert credential(kept(channel), "account_sid") == "AC0"

    change(channel, {"api_credentials": {"auth_token": "third"}})
    assert accepted(kept(channel), "auth_token") == ["third", "second", "t0"]
    clock.advance(hours=24, seconds=1)
    assert accepted(kept(channel), "auth_token") == ["third"]
    assert "third" not in str(stored("ChannelConfig"))


def test_without_grace_the_former_is_worth_nothing_at_once() -> None:
    channel = make(SMS)
    change(channel, {"api_credentials": {"auth_token": "second"}})
    change(channel, {"api_credentials": {"auth_token": "third"}, "credential_grace_hours": 0})

    assert accepted(kept(channel), "auth_token") == ["third"]


def test_what_others_do_not_sign_with_is_gone_at_once() -> None:
    channel = make(EMAIL)
    change(channel, {"api_credentials": {"api_key": "SG.new"}})

    assert accepted(kept(channel), "api_key") == ["SG.new"]


def test_a_credential_is_taken_away_unless_it_is_needed() -> None:
    channel = make(EMAIL)

    assert change(channel, {"api_credentials": {"event_public_key": None}}).json["credentials_set"] == ["api_key"]
    refused = change(channel, {"api_credentials": {"api_key": None}})
    assert refused.status == 422
    assert refused.json["errors"] == [
        {"field": "api_credentials.api_key", "message": "is needed for an active channel"}
    ]


WRONG: dict[str, dict[str, Any]] = {
    "api_credentials.page_access_token": {"api_credentials": {"page_access_token": "x"}},
    "channel_type": {"channel_type": "email"},
    "is_active": {"is_active": None},
    "phone_number": {"phone_number": "12"},
    "from_name": {"from_name": "Acme"},
    "rate_limit_per_minute": {"rate_limit_per_minute": 0},
    "credential_grace_hours": {"credential_grace_hours": 169},
}


@pytest.mark.parametrize("field", WRONG)
def test_what_does_not_fit_is_named_and_changes_nothing(field: str) -> None:
    channel = make(SMS)

    answer = change(channel, WRONG[field])

    assert (answer.status, answer.json["errors"][0]["field"]) == (422, field)
    assert call("channels/get_channel", path={"channel_id": channel["id"]}).json == channel


def test_only_at_the_version_that_was_read() -> None:
    channel = make(SMS)
    etag = call("channels/get_channel", path={"channel_id": channel["id"]}).etag

    assert change(channel, {"rate_limit_per_minute": 60}, headers={"if-match": etag}).status == 200
    assert change(channel, {"rate_limit_per_minute": 30}, headers={"if-match": etag}).status == 412


def test_no_such_channel_and_no_such_right() -> None:
    assert change({"id": "01HZX4"}, {"is_active": True}).status == 404
    assert change(make(SMS), {"is_active": True}, scopes="channels:read").status == 403


def test_what_was_said_of_former_credentials_says_nothing_of_new_ones(provider: Provider) -> None:
    channel = make(EMAIL)
    provider.answers(401)
    call("channels/check_channel", path={"channel_id": channel["id"]})

    assert change(channel, {"from_name": "Acme"}).json["is_healthy"] is False
    assert change(channel, {"api_credentials": {"inbound_secret": "s"}}).json["is_healthy"] is False
    assert change(channel, {"api_credentials": {"api_key": "SG.another"}}).json["is_healthy"] is None
