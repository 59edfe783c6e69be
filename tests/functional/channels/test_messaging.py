"""Messages by a channel's credentials: what providers are sent, what their answers come to, and files of theirs."""

from __future__ import annotations

import base64
import json
import os
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from leadflow.channels import service
from leadflow.channels.rules.outgoing import OutgoingMessage
from leadflow.core.errors import (
    CredentialsRefused,
    Forbidden,
    LeadflowError,
    MessageRefused,
    NotFound,
    OutcomeUnknown,
    PayloadTooLarge,
    RateLimited,
    UpstreamRejected,
    UpstreamUnavailable,
)
from tests.functional.channels.accounts import EMAIL, MESSENGER, SMS, make
from tests.functional.channels.provider import Provider
from tests.harness import ROOT, call

HELLO = OutgoingMessage(reference="01OURS", person="+14155550143", text="Grüße & mehr")
TO_PAGE = OutgoingMessage(reference="01OURS", person="7392015648120394", text="Grüße")


def sample(name: str) -> Any:
    return json.loads((ROOT / "events" / "providers" / f"{name}.json").read_bytes())


def healthy(channel: dict[str, Any]) -> Any:
    return call("channels/get_channel", path={"channel_id": channel["id"]}).json["is_healthy"]


def test_an_sms_goes_as_a_form_with_our_reference_in_its_callback(provider: Provider) -> None:
    provider.answers(201, sample("twilio/send_response"))
    channel = make(SMS)

    assert service.messenger(channel["id"]).send(HELLO) == "SM000000000000000000000000000051a4"

    (asked,) = provider.asked
    assert (asked.method, asked.path) == ("POST", "/twilio/2010-04-01/Accounts/AC0/Messages.json")
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"AC0:t0").decode()
    assert parse_qs(asked.body.decode()) == {
        "To": ["+14155550143"],
        "From": ["+14155550100"],
        "Body": ["Grüße & mehr"],
        "StatusCallback": [f"{channel['webhook_url']}/status?m=01OURS"],
    }
    assert "_" not in str(urlsplit(channel["webhook_url"]).hostname)


def test_whatsapp_addresses_say_so_and_a_template_comes_without_words(provider: Provider) -> None:
    provider.answers(201, {"sid": "SM1"})
    channel = make(SMS, channel_type="whatsapp")
    template = OutgoingMessage("01OURS", "US.ABC123", text="x", template="HX1", template_variables={"1": "Ana"})

    service.messenger(channel["id"]).send(template)

    form = parse_qs(provider.asked[0].body.decode())
    assert (form["To"], form["From"]) == (["whatsapp:US.ABC123"], ["whatsapp:+14155550100"])
    assert (form["ContentSid"], form["ContentVariables"]) == (["HX1"], ['{"1": "Ana"}'])
    assert "Body" not in form


def test_files_are_named_one_by_one(provider: Provider) -> None:
    provider.answers(201, {"sid": "MM1"})
    files = OutgoingMessage("01OURS", "+14155550143", media_urls=("https://x.example/a.png", "https://x.example/b.pdf"))

    service.messenger(make(SMS)["id"]).send(files)

    assert parse_qs(provider.asked[0].body.decode())["MediaUrl"] == list(files.media_urls)


def test_a_message_on_messenger_carries_our_reference(provider: Provider) -> None:
    provider.answers(200, sample("facebook/send_response"))

    mid = service.messenger(make(MESSENGER)["id"]).send(TO_PAGE)

    assert mid == sample("facebook/send_response")["message_id"]
    (asked,) = provider.asked
    assert (asked.path, asked.headers["authorization"]) == ("/facebook/v25.0/me/messages", "Bearer EAAB-token")
    assert asked.json == {
        "recipient": {"id": "7392015648120394"},
        "messaging_type": "RESPONSE",
        "message": {"text": "Grüße", "metadata": "01OURS"},
    }


FILES = [("a.png", None, "image"), ("a.mp4", None, "video"), ("a.pdf", None, "file"), ("a", None, "file")]
CLAIMED = [("a", "image/png", "image"), ("a.bin", "Audio/MPEG", "audio"), ("a.png", "application/pdf", "file")]


@pytest.mark.parametrize(("name", "media_type", "kind"), [*FILES, *CLAIMED])
def test_meta_is_told_what_a_file_is(provider: Provider, name: str, media_type: str | None, kind: str) -> None:
    provider.answers(200, {"message_id": "m_1"})
    url = f"https://x.example/{name}?sig=1"
    file = OutgoingMessage(
        "01OURS", "1", media_urls=(url,), media_types=(media_type,), reply_to="m_0", tag="HUMAN_AGENT"
    )

    service.messenger(make(MESSENGER, channel_type="instagram")["id"]).send(file)

    body = provider.asked[0].json
    assert body["message"]["attachment"] == {"type": kind, "payload": {"url": url}}
    assert (body["messaging_type"], body["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")
    assert body["message"]["reply_to"] == {"mid": "m_0"}


def test_what_meta_cannot_take_in_one_message_is_refused_before_it_is_asked(provider: Provider) -> None:
    both = OutgoingMessage("01OURS", "1", text="x", media_urls=("https://x.example/a.png",))

    with pytest.raises(MessageRefused, match="a text or one file"):
        service.messenger(make(MESSENGER)["id"]).send(both)
    assert not provider.asked


Answered = tuple[dict[str, Any], int, Any, type[LeadflowError], str | None]
ANSWERS: list[Answered] = [
    (SMS, 400, {"code": 21610, "message": "+14155550143 opted out"}, MessageRefused, "opted_out"),
    (SMS, 400, {"code": 21211}, MessageRefused, "invalid_recipient"),
    (SMS, 400, {"code": 21617}, MessageRefused, "too_long"),
    (SMS, 400, b"<html>", MessageRefused, "unknown"),
    (SMS, 401, {"code": 20003}, CredentialsRefused, None),
    (SMS, 403, b"", CredentialsRefused, None),
    (SMS, 429, {"code": 20429}, RateLimited, None),
    (SMS, 500, b"", OutcomeUnknown, None),
    (SMS, 201, b"", OutcomeUnknown, None),
    (MESSENGER, 400, {"error": {"code": 10, "error_subcode": 2018278}}, MessageRefused, "window_closed"),
    (MESSENGER, 400, {"error": {"code": 551}}, MessageRefused, "opted_out"),
    (MESSENGER, 400, {"error": {"code": 100}}, MessageRefused, "invalid_content"),
    (MESSENGER, 400, {"error": {"code": 190, "error_subcode": 463}}, CredentialsRefused, None),
    (MESSENGER, 403, {"error": {"code": 200}}, CredentialsRefused, None),
    (MESSENGER, 400, {"error": {"code": 613}}, RateLimited, None),
    (MESSENGER, 400, {"error": "odd"}, MessageRefused, "unknown"),
    (MESSENGER, 400, {"error": {"code": 2}}, MessageRefused, "unknown"),
    (MESSENGER, 500, {"error": {"code": 2}}, OutcomeUnknown, None),
    (MESSENGER, 200, {"recipient_id": "1"}, OutcomeUnknown, None),
]


@pytest.mark.parametrize(("channel", "status", "body", "error", "reason"), ANSWERS)
def test_answers_come_to_errors_with_a_reason_and_without_what_is_personal(
    provider: Provider, channel: dict[str, Any], status: int, body: Any, error: type[LeadflowError], reason: str | None
) -> None:
    provider.answers(status, body)
    made = make(channel)

    with pytest.raises(error) as raised:
        service.messenger(made["id"]).send(HELLO)

    assert type(raised.value) is error
    assert getattr(raised.value, "reason", None) == reason
    assert "4155550143" not in raised.value.detail
    assert healthy(made) is (False if error is CredentialsRefused else None)


def test_limits_of_the_business_tell_when_they_lift(provider: Provider) -> None:
    usage = json.dumps({"1": [{"type": "messenger", "estimated_time_to_regain_access": 7}]})
    provider.answers(400, {"error": {"code": 80006}}, {"X-Business-Use-Case-Usage": usage})

    with pytest.raises(RateLimited) as raised:
        service.messenger(make(MESSENGER)["id"]).send(TO_PAGE)

    assert raised.value.retry_after_seconds == 420


def test_a_line_that_breaks_leaves_it_unknown(provider: Provider) -> None:
    provider.hangs_up = True
    with pytest.raises(OutcomeUnknown):
        service.messenger(make(SMS)["id"]).send(HELLO)


def test_who_has_no_number_sends_nothing(provider: Provider) -> None:
    with pytest.raises(MessageRefused, match="phone_number"):
        service.messenger(make(SMS, phone_number=None)["id"]).send(HELLO)
    with pytest.raises(NotFound):
        service.messenger(make(EMAIL)["id"])
    assert not provider.asked


@pytest.fixture
def files(provider: Provider) -> tuple[Provider, str]:
    """The provider as a place for files too, which may be called though it is inside."""
    return provider, os.environ["PROVIDER_BASE_URL"]


def test_a_file_of_twilio_s_is_asked_for_with_the_account(files: tuple[Provider, str]) -> None:
    provider, url = files
    provider.answers(200, b"\x89PNG", {"Content-Type": "image/png; x=y"})

    found = service.messenger(make(SMS)["id"]).fetch(f"{url}/twilio/2010-04-01/Accounts/AC0/Messages/MM1/Media/ME1", 10)

    assert (found.content, found.media_type) == (b"\x89PNG", "image/png")
    assert provider.asked[0].headers["authorization"].startswith("Basic ")


def test_a_file_of_meta_s_is_asked_for_without_a_token(files: tuple[Provider, str]) -> None:
    provider, url = files
    provider.answers(200, b"x" * 10)

    assert service.messenger(make(MESSENGER)["id"]).fetch(f"{url}/facebook/media/1", 10).content == b"x" * 10
    assert "authorization" not in provider.asked[0].headers


def test_the_account_is_not_shown_to_where_a_file_is_sent_on_to(files: tuple[Provider, str]) -> None:
    provider, url = files
    provider.answers(307, b"", {"Location": f"{url}/elsewhere"})

    with pytest.raises(UpstreamRejected, match="on and on"):
        service.messenger(make(SMS)["id"]).fetch(f"{url}/twilio/x", 10)

    assert "authorization" in provider.asked[0].headers
    assert all("authorization" not in asked.headers for asked in provider.asked[1:])
    assert len(provider.asked) == 4


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b"x" * 11, PayloadTooLarge),
        (404, b"", UpstreamRejected),
        (429, b"", RateLimited),
        (500, b"", UpstreamUnavailable),
    ],
)
def test_a_file_that_does_not_come(
    files: tuple[Provider, str], status: int, body: bytes, error: type[LeadflowError]
) -> None:
    provider, url = files
    provider.answers(status, body)

    with pytest.raises(error):
        service.messenger(make(MESSENGER)["id"]).fetch(f"{url}/facebook/media/1", 10)


INSIDE = ["http://169.254.169.254/latest", "http://10.0.0.1/x", "file:///etc/passwd", "https://[::1]/x", "nonsense"]


@pytest.mark.parametrize("url", INSIDE)
def test_addresses_inside_are_never_called(provider: Provider, url: str) -> None:
    for channel in (SMS, MESSENGER):
        with pytest.raises(Forbidden):
            service.messenger(make(channel)["id"]).fetch(url, 10)
    assert not provider.asked
