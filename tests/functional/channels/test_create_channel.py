"""POST /channels"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from leadflow.channels import store
from leadflow.core import secrets
from tests.functional.channels.accounts import EMAIL, SMS, make, public_text
from tests.functional.wire import stored
from tests.harness import call

FACEBOOK = {"page_access_token": "p", "app_secret": "a", "verify_token": "v"}


def refused(body: dict[str, Any]) -> list[str]:
    answer = call("channels/create_channel", body)
    assert answer.status == 422, answer.text
    return [error["field"] for error in answer.json["errors"]]


def test_a_mail_channel_comes_with_the_urls_to_set_at_the_provider() -> None:
    answer = call("channels/create_channel", EMAIL)
    made = answer.json
    assert answer.status == 201
    assert answer.headers["location"] == f"/channels/{made['id']}"
    assert made == {
        "id": made["id"],
        "channel_type": "email",
        "provider": "sendgrid",
        "is_active": True,
        "credentials_set": ["api_key", "event_public_key"],
        "webhook_url": f"https://api.leadflow.test/webhooks/sendgrid/{made['id']}/events",
        "inbound_url": f"https://api.leadflow.test/webhooks/sendgrid/{made['id']}/inbound",
        "phone_number": None,
        "page_id": None,
        "rate_limit_per_minute": None,
        "from_email": "hello@acme.example",
        "from_name": "Acme",
        "reply_to": None,
        "postal_address": "1 Example Street, Example",
        "is_healthy": None,
        "last_checked_at": None,
        "created_at": "2026-03-02T09:00:00.000Z",
        "updated_at": "2026-03-02T09:00:00.000Z",
    }


@pytest.mark.parametrize(
    ("kind", "credentials", "provider", "path"),
    [
        ("sms", SMS["api_credentials"], "twilio", "/webhooks/twilio/{}"),
        ("whatsapp", SMS["api_credentials"], "twilio", "/webhooks/twilio/{}"),
        ("messenger", FACEBOOK, "facebook", "/webhooks/meta/{}"),
        ("instagram", FACEBOOK, "facebook", "/webhooks/meta/{}"),
    ],
)
def test_every_type_has_its_provider_and_its_url(
    kind: str, credentials: dict[str, str], provider: str, path: str
) -> None:
    made = call("channels/create_channel", {"channel_type": kind, "api_credentials": credentials}).json
    assert made["provider"] == provider
    assert made["webhook_url"] == "https://api.leadflow.test" + path.format(made["id"])
    assert made["inbound_url"] is None
    others = {"twilio", "facebook", "sendgrid"} - {provider}
    for other in others:
        assert refused({"channel_type": kind, "provider": other, "api_credentials": credentials}) == ["provider"]


def test_credentials_are_stored_encrypted_each_for_its_own_use_alone() -> None:
    first, second = make(), make()
    channel = store.find_channel(first["id"])
    assert channel is not None
    assert "SG.the-api-key" not in json.dumps(stored(), default=str)
    ciphertext = channel.credentials["api_key"]
    assert secrets.decrypt(ciphertext, {"channel_id": first["id"], "field": "api_key"}) == "SG.the-api-key"
    for wrong in ({"channel_id": second["id"], "field": "api_key"}, {"channel_id": first["id"], "field": "other"}):
        with pytest.raises(ClientError):
            secrets.decrypt(ciphertext, wrong)


def test_no_answer_ever_shows_a_credential() -> None:
    made = make(api_credentials={**EMAIL["api_credentials"], "inbound_secret": "sesame"})
    answers = [
        call("channels/get_channel", path={"channel_id": made["id"]}).text,
        call("channels/list_channels").text,
        json.dumps(made),
    ]
    for text in answers:
        assert "SG.the-api-key" not in text
        assert "sesame" not in text
        assert '"inbound_secret"' in text


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"channel_type": "fax"}, ["channel_type"]),
        ({"api_credentials": {"api_key": "k", "auth_token": "t"}}, ["api_credentials.auth_token"]),
        ({"api_credentials": {}}, ["api_credentials.api_key"]),
        ({"api_credentials": {"api_key": ""}}, ["api_credentials.api_key"]),
        ({"api_credentials": {"api_key": "läuft-nicht"}}, ["api_credentials.api_key"]),
        ({"api_credentials": {"api_key": "a\nb"}}, ["api_credentials.api_key"]),
        ({"api_credentials": {"api_key": 7}}, ["api_credentials.api_key"]),
        ({"from_email": None}, ["from_email"]),
        ({"from_email": "not-an-address"}, ["from_email"]),
        ({"postal_address": None}, ["postal_address"]),
        ({"postal_address": " "}, ["postal_address"]),
        ({"from_name": "Acme\r\nBcc: all@acme.example"}, ["from_name"]),
        ({"rate_limit_per_minute": 0}, ["rate_limit_per_minute"]),
        ({"credentials_set": []}, ["credentials_set"]),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], fields: list[str]) -> None:
    body = {name: value for name, value in {**EMAIL, **changes}.items() if value is not None}
    assert refused(body) == fields
    assert not stored("ChannelConfig")


def test_everything_wrong_is_named_at_once() -> None:
    body = {"channel_type": "sms", "api_credentials": {"api_key": "k"}, "from_email": "a@b.example"}
    assert refused(body) == [
        "api_credentials.api_key",
        "api_credentials.account_sid",
        "api_credentials.auth_token",
        "from_email",
    ]


def test_an_inactive_channel_may_wait_for_its_credentials() -> None:
    made = make(is_active=False, api_credentials={})
    assert (made["is_active"], made["credentials_set"]) == (False, [])


@pytest.mark.parametrize(
    "key",
    [
        "nonsense",
        "AAAA",
        public_text(ec.generate_private_key(ec.SECP384R1())),
        public_text(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    ],
)
def test_a_key_that_could_check_nothing_is_refused_before_events_are_lost(key: str) -> None:
    body = {**EMAIL, "api_credentials": {"api_key": "k", "event_public_key": key}}
    answer = call("channels/create_channel", body)
    assert answer.status == 422
    assert answer.json["errors"][0]["field"] == "api_credentials.event_public_key"
    assert key not in answer.text


def test_a_try_that_is_made_again_makes_one_channel() -> None:
    for _ in range(2):
        assert call("channels/create_channel", EMAIL, headers={"idempotency-key": "k1"}).status == 201
    assert len(stored("ChannelConfig")) == 1


def test_the_scope_is_needed() -> None:
    assert call("channels/create_channel", EMAIL, scopes="channels:read").status == 403
