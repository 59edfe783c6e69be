"""Our SendGrid client and our webhook door against the provider sandbox: what one sends, the other takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.channels import service
from leadflow.channels.mail import ID_ARGUMENT, MAX_RECIPIENTS, Address, OutgoingMail, Recipient
from leadflow.core import errors, seams
from tests.cloud import fresh_cloud
from tests.contract.sandbox.world import Product, Running, product_running, sandbox_running
from tests.functional.channels.accounts import EMAIL
from tests.functional.webhooks.posts import queued, work
from tests.functional.wire import stored
from tests.harness import Clock, call

MAIL = OutgoingMail(
    Address("hello@leadflow.test", "Leadflow"),
    (Recipient("ana@example.com", "Ruiz, Ana; Dr.", headers={"X-Own": "1"}, custom_args={ID_ARGUMENT: "1abc"}),),
    "Hello",
    text="Hello Ana",
    html="<p>Hello Ana</p>",
    reply_to=Address("desk@leadflow.test"),
    headers={"X-All": "2"},
)


@pytest.fixture
def product() -> Iterator[Product]:
    with product_running(Product()) as running:
        running.add_channel()
        yield running


@pytest.fixture
def sandbox(tmp_path: Path, product: Product, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with sandbox_running(tmp_path, product) as running, fresh_cloud(Clock()):
        monkeypatch.setenv("PROVIDER_BASE_URL", str(running.http.base_url).rstrip("/"))
        seams.current().forget("settings")
        yield running
        client = seams.current().kept.get("http:sendgrid")
        if client is not None:
            client.close()


def channel(**credentials: str) -> str:
    given = {**EMAIL["api_credentials"], **credentials}
    made = call("channels/create_channel", {**EMAIL, "api_credentials": given})
    assert made.status == 201, made.text
    return str(made.json["id"])


def send(mail: OutgoingMail = MAIL) -> str:
    return service.mailer(channel()).send(mail)


def test_a_mail_arrives_as_it_was_meant(sandbox: Running) -> None:
    request_id = send()
    (sent,) = sandbox.sent()
    assert sent["request_id"] == request_id
    assert (sent["to"], sent["from"], sent["subject"]) == ("ana@example.com", "hello@leadflow.test", "Hello")
    assert (sent["body"], sent["html"]) == ("Hello Ana", "<p>Hello Ana</p>")
    assert (sent["headers"]["X-Own"], sent["headers"]["X-All"]) == ("1", "2")
    assert sent["headers"]["Reply-To"] == "desk@leadflow.test"
    assert sent["headers"]["To"] == '"Ruiz Ana Dr." <ana@example.com>'
    assert sent["raw"]["custom_args"] == {"lf_id": "1abc"}


def test_a_whole_cohort_goes_in_one_call_each_with_its_own_words(sandbox: Running) -> None:
    people = tuple(
        Recipient(
            f"lead{number}@example.com",
            custom_args={ID_ARGUMENT: f"1m{number}"},
            substitutions={"-a1-": f"Lead {number}", "-a2-": "" if number % 2 else "<b>even</b>"},
        )
        for number in range(MAX_RECIPIENTS)
    )
    send(OutgoingMail(MAIL.sender, people, "For -a1-", text="Hello -a1-", html="<p>-a1- -a2-</p>"))
    sent = sandbox.sent()
    assert len(sent) == MAX_RECIPIENTS
    assert (sent[7]["subject"], sent[7]["body"], sent[7]["html"]) == ("For Lead 7", "Hello Lead 7", "<p>Lead 7 </p>")
    assert sent[8]["html"] == "<p>Lead 8 <b>even</b></p>"
    assert len({each["request_id"] for each in sent}) == 1


def test_one_wrong_address_is_told_by_its_place(sandbox: Running) -> None:
    people = (*MAIL.recipients, Recipient("no address"))
    with pytest.raises(errors.MailRefused, match=r"personalizations\.1\.to\.0\.email") as raised:
        send(OutgoingMail(MAIL.sender, people, "Hello", text="Hello"))
    assert type(raised.value) is errors.MailRefused
    assert sandbox.sent() == []


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("reject", errors.MailRefused),
        ("bad_token", errors.CredentialsRefused),
        ("rate_limit", errors.RateLimited),
        ("server_error", errors.OutcomeUnknown),
    ],
)
def test_a_provider_that_misbehaves_is_understood(
    sandbox: Running, mode: str, error: type[errors.LeadflowError]
) -> None:
    sandbox.behave(mode=mode).raise_for_status()
    with pytest.raises(error) as raised:
        send()
    assert type(raised.value) is error
    assert "ana@example.com" not in raised.value.detail
    sandbox.behave(mode="ok").raise_for_status()
    assert send()


@pytest.mark.parametrize(("mode", "accepted"), [("timeout_after_accept", 1), ("timeout_before_accept", 0)])
def test_a_timeout_never_tells_whether_it_was_taken(
    sandbox: Running, monkeypatch: pytest.MonkeyPatch, mode: str, accepted: int
) -> None:
    monkeypatch.setattr("leadflow.core.http.READ_SECONDS", 0.3)
    sandbox.behave(mode=mode).raise_for_status()
    with pytest.raises(errors.OutcomeUnknown):
        send()
    assert len(sandbox.sent()) == accepted


def test_a_check_asks_it_what_the_key_may_do(sandbox: Running) -> None:
    channel_id = channel()
    checked = call("channels/check_channel", path={"channel_id": channel_id}).json
    assert checked["ok"] is True
    assert "mail.send" in checked["scopes"]
    sandbox.behave(mode="bad_token").raise_for_status()
    assert call("channels/check_channel", path={"channel_id": channel_id}).json["ok"] is False


def test_its_signed_webhooks_are_taken_and_say_what_happened(sandbox: Running, product: Product) -> None:
    send()
    product.wait_for_events(2)
    key = sandbox.sandbox.sendgrid_public_key()
    channel_id = channel(event_public_key=key)
    for posted in product.posted:
        answer = call(
            "webhooks/sendgrid_events",
            posted.body,
            path={"channel_id": channel_id},
            headers=posted.headers,
            scopes=None,
        )
        assert answer.status == 204
    assert len(stored("Delivery")) == len(product.posted)
    told = [event for posted in product.posted for event in posted.events]
    assert sorted(event["event"] for event in told) == ["delivered", "processed"]
    assert {event["lf_id"] for event in told} == {"1abc"}


def test_a_mail_to_a_lead_goes_out_and_what_became_of_it_comes_home(sandbox: Running, product: Product) -> None:
    channel_id = channel(event_public_key=sandbox.sandbox.sendgrid_public_key())
    lead = call("leads/create_lead", {"name": "Ana Ruiz", "email": "ana@example.com"}).json
    template = {"name": "Hi", "subject": "Hello {{ name }}", "body": "<p>Hello {{ name }}</p>", "variables": ["name"]}
    template_id = call("templates/create_template", template).json["id"]
    sent = campaigns.send_to_lead(template_id=template_id, lead_id=lead["id"], cause=("test", "1"))
    assert sent.outcome == "accepted"
    product.wait_for_events(2)
    for posted in product.posted:
        to = {"channel_id": channel_id}
        call("webhooks/sendgrid_events", posted.body, path=to, headers=posted.headers, scopes=None)
    assert work(*queued()) == []
    assert {delivery["state"]["S"] for delivery in stored("Delivery")} == {"processed"}
    assert call("campaigns/get_email", path={"email_id": sent.email_id}).json["status"] == "delivered"
