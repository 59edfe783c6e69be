"""Sending by a channel: which one is used, what the provider is asked, and what each of its answers means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leadflow.channels import service, store
from leadflow.channels.mail import Address, OutgoingMail, Recipient
from leadflow.core import aws, errors
from leadflow.core.settings import settings
from tests.functional.channels.accounts import EMAIL, SMS, make
from tests.functional.channels.provider import Provider
from tests.functional.wire import watched
from tests.harness import ROOT, Clock

SAMPLES: Path = ROOT / "events" / "providers" / "sendgrid"
MAIL = OutgoingMail(
    sender=Address("hello@acme.example", "Acme, Inc; sales"),
    recipients=(
        Recipient(
            "ana@example.com",
            "Ruiz, Ana\r\nBcc: x@y.example",
            headers={"List-Unsubscribe": "<https://api.leadflow.test/t/1abc/unsubscribe>"},
            custom_args={"lf_id": "1abc"},
        ),
    ),
    subject="A short\nquestion",
    text="Hello Ana",
    html="<p>Hello Ana</p>",
    reply_to=Address("desk@acme.example"),
)


def send(mail: OutgoingMail = MAIL) -> str:
    return service.mailer(make()["id"]).send(mail)


def test_one_mail_is_handed_over_as_sendgrid_wants_it(provider: Provider) -> None:
    assert send() == "q7Vt2mXkRzO4nB8sLw0eYg"
    (asked,) = provider.asked
    assert (asked.method, asked.path) == ("POST", "/sendgrid/v3/mail/send")
    assert asked.headers["authorization"] == "Bearer SG.the-api-key"
    assert asked.json == {
        "personalizations": [
            {
                "to": [{"email": "ana@example.com", "name": "Ruiz Ana Bcc: x@y.example"}],
                "headers": {"List-Unsubscribe": "<https://api.leadflow.test/t/1abc/unsubscribe>"},
                "custom_args": {"lf_id": "1abc"},
            }
        ],
        "from": {"email": "hello@acme.example", "name": "Acme Inc sales"},
        "reply_to": {"email": "desk@acme.example"},
        "subject": "A short question",
        "content": [
            {"type": "text/plain", "value": "Hello Ana"},
            {"type": "text/html", "value": "<p>Hello Ana</p>"},
        ],
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
            "subscription_tracking": {"enable": False},
        },
    }


def test_a_cohort_shares_its_content_and_brings_its_values(provider: Provider) -> None:
    people = tuple(
        Recipient(
            f"lead{number}@example.com",
            subject="Hello -n-" if number else None,
            custom_args={"lf_id": f"1m{number}"},
            substitutions={"-n-": f"Lead {number}"},
        )
        for number in range(1000)
    )
    send(OutgoingMail(Address("hello@acme.example"), people, "Hello", html="<p>-n-</p>", custom_args={"lf_step": "2"}))
    (asked,) = provider.asked
    sent = asked.json
    assert len(sent["personalizations"]) == 1000
    assert sent["personalizations"][0] == {
        "to": [{"email": "lead0@example.com"}],
        "custom_args": {"lf_id": "1m0"},
        "substitutions": {"-n-": "Lead 0"},
    }
    assert sent["personalizations"][7]["subject"] == "Hello -n-"
    assert sent["content"] == [{"type": "text/html", "value": "<p>-n-</p>"}]
    assert sent["custom_args"] == {"lf_step": "2"}


SAMPLE_400: dict[str, Any] = {
    "errors": [
        {"message": "Does not contain a valid address.", "field": "personalizations.3.to.0.email", "help": None},
        {"message": "You have included [ana@example.com] more than once.", "field": "personalizations", "help": None},
        {"message": 'The name "Ana Ruiz" of bo@example.com at +14155550100 is wrong', "field": "null"},
        {"message": "a fourth"},
    ]
}


@pytest.mark.parametrize(
    ("status", "body", "error", "detail"),
    [
        (
            400,
            SAMPLE_400,
            errors.MailRefused,
            "SendGrid answered 400: personalizations.3.to.0.email: Does not contain a valid address.; "
            "personalizations: You have included … more than once.; The name … of … at … is wrong",
        ),
        (400, b"", errors.MailRefused, "SendGrid answered 400."),
        (400, {"errors": "all"}, errors.MailRefused, "SendGrid answered 400."),
        (
            401,
            {"errors": [{"message": "Maximum credits exceeded", "field": None, "help": None}]},
            errors.CredentialsRefused,
            "SendGrid answered 401: Maximum credits exceeded",
        ),
        (
            403,
            {"errors": [{"message": "You have exceeded your messaging limits", "field": None}]},
            errors.CredentialsRefused,
            "SendGrid answered 403: You have exceeded your messaging limits",
        ),
        (404, b"<html>", errors.MailRefused, "SendGrid answered 404."),
        (
            413,
            b"<html><head><title>413 Request Entity Too Large</title></head></html>",
            errors.MailRefused,
            "SendGrid answered 413.",
        ),
        (302, b"", errors.MailRefused, "SendGrid answered 302."),
        (429, {"errors": []}, errors.RateLimited, "SendGrid takes no more requests for now."),
        (500, {"errors": [{"message": "boom"}]}, errors.OutcomeUnknown, "The provider answered 500."),
        (503, b"", errors.OutcomeUnknown, "The provider answered 503."),
    ],
)
def test_each_answer_has_its_meaning(
    provider: Provider, status: int, body: Any, error: type[errors.LeadflowError], detail: str
) -> None:
    provider.answers(status, body)
    with pytest.raises(error) as raised:
        send()
    assert type(raised.value) is error
    assert raised.value.detail == detail
    assert len(provider.asked) == 1


def test_a_connection_that_breaks_after_the_request_leaves_the_outcome_unknown(provider: Provider) -> None:
    provider.hangs_up = True
    with pytest.raises(errors.OutcomeUnknown):
        send()
    assert len(provider.asked) == 1


def test_a_provider_that_is_not_there_took_nothing(monkeypatch: pytest.MonkeyPatch, provider: Provider) -> None:
    channel = make()
    monkeypatch.setattr("leadflow.core.http.provider_url", lambda *_: "http://127.0.0.1:1/sendgrid")
    with pytest.raises(errors.UpstreamUnavailable):
        service.mailer(channel["id"]).send(MAIL)


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [(None, 60), ("soon", 60), ("9" * 40, 60), ("+30", 60), (30, 30), (0, 1), (-100, 1), (10_000_000, 3600)],
)
def test_it_comes_back_when_the_limit_is_lifted(
    provider: Provider, clock: Clock, reset: str | int | None, seconds: int
) -> None:
    told = str(int(clock.moment.timestamp()) + reset) if isinstance(reset, int) else reset
    provider.answers(429, {"errors": []}, {"X-RateLimit-Reset": told} if told else {})
    with pytest.raises(errors.RateLimited) as raised:
        send()
    assert raised.value.retry_after_seconds == seconds


def test_a_refused_key_marks_the_channel_unhealthy(provider: Provider) -> None:
    channel = make()
    provider.answers(401, {"errors": [{"message": "wrong credentials"}]})
    with pytest.raises(errors.CredentialsRefused):
        service.mailer(channel["id"]).send(MAIL)
    assert service.get(channel["id"])["is_healthy"] is False


def test_a_rejected_mail_says_nothing_about_the_channel(provider: Provider) -> None:
    channel = make()
    provider.answers(400, SAMPLE_400)
    with pytest.raises(errors.MailRefused):
        service.mailer(channel["id"]).send(MAIL)
    assert service.get(channel["id"])["is_healthy"] is None


def test_the_key_is_decrypted_once_in_five_minutes(provider: Provider, clock: Clock) -> None:
    channel = make()
    asked: list[str] = []
    events = aws.client("kms").meta.events

    def note(**_: Any) -> None:
        asked.append("decrypt")

    events.register("before-call.kms.Decrypt", note)
    for _ in range(3):
        service.mailer(channel["id"]).send(MAIL)
    assert len(asked) == 1
    clock.advance(minutes=5)
    service.mailer(channel["id"]).send(MAIL)
    events.unregister("before-call.kms.Decrypt", note)
    assert len(asked) == 2


def test_a_changed_key_is_used_at_once(provider: Provider) -> None:
    one, other = make(), make(api_credentials={"api_key": "SG.another"})
    service.mailer(one["id"]).send(MAIL)
    service.mailer(other["id"]).send(MAIL)
    assert [asked.headers["authorization"] for asked in provider.asked] == [
        "Bearer SG.the-api-key",
        "Bearer SG.another",
    ]


def test_only_a_mail_channel_with_a_key_sends_mail() -> None:
    with pytest.raises(errors.NotFound):
        service.mailer("01HZX4")
    with pytest.raises(errors.NotFound):
        service.mailer(make(SMS)["id"])
    with pytest.raises(errors.CredentialsRefused):
        service.mailer(make(is_active=False, api_credentials={})["id"])


def test_the_oldest_active_mail_channel_is_used(clock: Clock) -> None:
    assert service.active_email_channel() is None
    make(SMS)
    make(is_active=False)
    clock.advance(minutes=1)
    oldest = make(from_email="first@acme.example")
    clock.advance(minutes=1)
    make()
    found = service.active_email_channel()
    assert found == oldest
    assert found is not None
    assert found.version == 1


def test_finding_it_takes_two_calls() -> None:
    make()
    with watched() as operations:
        service.active_email_channel()
    assert operations == ["Query", "BatchGetItem"]


def test_a_channel_that_is_gone_has_no_health_to_note(provider: Provider) -> None:
    channel = make()
    mailer = service.mailer(channel["id"])
    aws.client("dynamodb").delete_item(
        TableName=settings().table_name, Key={"pk": {"S": f"CHC#{channel['id']}"}, "sk": {"S": "#META"}}
    )
    provider.answers(401, {"errors": []})
    with pytest.raises(errors.CredentialsRefused):
        mailer.send(MAIL)
    assert store.find_channel(channel["id"]) is None


def test_the_documented_sample_is_a_request_like_ours() -> None:
    sample = json.loads((SAMPLES / "mail_send.json").read_text(encoding="utf-8"))
    assert {"personalizations", "from", "subject", "content"} <= set(sample)
    assert EMAIL["api_credentials"]["api_key"] not in json.dumps(sample)
