"""Twilio, Meta and inbound mail in the sandbox: sending by the product's own clients, and people who write."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from twilio.request_validator import RequestValidator

from leadflow.channels.rules.arrivals import Arrival
from leadflow.channels.rules.mail_posts import mail_arrivals
from leadflow.channels.rules.meta_posts import meta_arrivals
from leadflow.channels.rules.twilio_posts import twilio_message, twilio_status
from tests.contract.sandbox.world import Posted, Product, Running, is_signed, mail, to

NOW = datetime(2026, 11, 26, tzinfo=UTC)
ACCOUNT = "AC00000000000000000000000000000a11"
SMS, WHATSAPP, PAGE, GRAM = "+14155550100", "+14155550101", "100000000000001", "17841400000000001"
PERSON, SOMEBODY = "+14155550123", "7392015648120394"


@pytest.fixture
def world(sandbox: Running, product: Product) -> Running:
    """A sandbox whose product has a channel of each type."""
    product.add_channel("sms-1", channel_type="sms", phone_number=SMS, from_email=None)
    product.add_channel("whatsapp-1", channel_type="whatsapp", phone_number=WHATSAPP, from_email=None)
    product.add_channel("messenger-1", channel_type="messenger", page_id=PAGE, from_email=None)
    product.add_channel("instagram-1", channel_type="instagram", page_id=GRAM, from_email=None)
    return sandbox


def text(world: Running, url: str = "", **form: Any) -> httpx.Response:
    fields = {"From": SMS, "To": PERSON, "Body": "Hello", **({"StatusCallback": url} if url else {}), **form}
    path = f"/twilio/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    return world.http.post(path, data=fields, auth=(ACCOUNT, "the-token"))


def write(world: Running, provider: str, **asked: Any) -> httpx.Response:
    return world.simulate(provider=provider, event=asked.pop("event", "inbound"), **asked)


def said(world: Running, message: Any, **more: Any) -> httpx.Response:
    body = {"recipient": {"id": SOMEBODY}, "messaging_type": "RESPONSE", "message": message, **more}
    return world.http.post("/facebook/v25.0/me/messages", json=body, headers={"Authorization": "Bearer t"})


def form_of(posted: Posted) -> dict[str, str]:
    return dict(parse_qsl(posted.body.decode(), keep_blank_values=True))


def test_an_sms_is_kept_and_its_callbacks_are_signed_with_the_account_s_token(world: Running, product: Product) -> None:
    answer = text(world, f"{product.url}/hook/status?m=01OURS")

    assert answer.status_code == 201
    sid = answer.json()["sid"]
    (item,) = world.sent(provider="twilio", to=PERSON)
    assert (item["id"], item["from"], item["body"]) == (sid, SMS, "Hello")
    posts = product.wait_for(lambda found: len(found) == 2)
    for posted in posts:
        signature = posted.headers["x-twilio-signature"]
        assert RequestValidator("the-token").validate(product.url + posted.path, form_of(posted), signature)
    told = [twilio_status(posted.body, "01OURS", NOW)[0] for posted in posts]
    assert [one.report.status for one in told if isinstance(one, Arrival) and one.report] == ["sent", "delivered"]
    assert {urlsplit(posted.path).query for posted in posts} == {"m=01OURS"}


FAULTS: list[tuple[dict[str, Any], int]] = [
    ({"To": "12"}, 21211),
    ({"From": "x"}, 21212),
    ({"From": ""}, 21603),
    ({"To": SMS}, 21266),
    ({"Body": ""}, 21602),
    ({"Body": "x" * 1601}, 21617),
    ({"To": f"whatsapp:{PERSON}"}, 21910),
    ({"MediaUrl": ["https://x.example/a.png"] * 11}, 21623),
]


@pytest.mark.parametrize(("form", "code"), FAULTS)
def test_twilio_says_what_is_wrong(world: Running, form: dict[str, Any], code: int) -> None:
    answer = text(world, **form)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert world.sent() == []


def test_twilio_wants_an_account_and_a_token(world: Running) -> None:
    path = f"/twilio/2010-04-01/Accounts/{ACCOUNT}.json"

    assert world.http.get(path).json()["code"] == 20003
    assert world.http.get(path, auth=(ACCOUNT, "t")).json()["status"] == "active"


def test_stop_is_heard_until_start(world: Running) -> None:
    write(world, "twilio", channel="sms", body="STOP", **{"from": PERSON})
    assert text(world).json()["code"] == 21610
    write(world, "twilio", channel="sms", body="start", **{"from": PERSON})
    assert text(world).status_code == 201


def test_whatsapp_outside_its_window_is_taken_and_fails(world: Running, product: Product) -> None:
    url = f"{product.url}/hook/status"
    text(world, url, From=f"whatsapp:{WHATSAPP}", To=f"whatsapp:{PERSON}")
    (posted,) = product.wait_for(lambda found: len(found) == 1)
    assert (form_of(posted)["MessageStatus"], form_of(posted)["ErrorCode"]) == ("failed", "63016")

    write(world, "twilio", channel="whatsapp", body="Hi", **{"from": PERSON})
    text(world, url, From=f"whatsapp:{WHATSAPP}", To=f"whatsapp:{PERSON}")
    posts = product.wait_for(lambda found: len(found) == 4)
    assert [form_of(one)["MessageStatus"] for one in posts[2:]] == ["sent", "delivered"]


def test_a_person_writes_by_whatsapp_with_a_picture(world: Running, product: Product) -> None:
    answer = write(world, "twilio", channel="whatsapp", body="Look", name="Ada", media=["image/png"])

    assert answer.json()["statuses"] == [200]
    (posted,) = product.posted
    token = world.sandbox.secrets.auth_token
    signature = posted.headers["x-twilio-signature"]
    assert RequestValidator(token).validate(product.url + posted.path, form_of(posted), signature)
    (arrival,) = twilio_message(posted.body, NOW)
    assert isinstance(arrival, Arrival)
    assert (arrival.account_id, arrival.person_name, arrival.text) == (WHATSAPP, "Ada", "Look")
    url = str(arrival.attachments[0].url)
    assert world.http.get(url).status_code == 401
    file = world.http.get(url, auth=(ACCOUNT, "t"), follow_redirects=True)
    assert file.content.startswith(b"\x89PNG")


def test_the_same_message_is_posted_as_often_as_asked(world: Running, product: Product) -> None:
    assert write(world, "twilio", body="Hi", duplicate=3).json()["delivered"] == 3
    assert len({form_of(posted)["MessageSid"] for posted in product.posted}) == 1


def arrivals(product: Product) -> list[Arrival]:
    found = [one for posted in product.posted for one in meta_arrivals(posted.body, NOW)]
    return [one for one in found if isinstance(one, Arrival)]


@pytest.mark.parametrize(("channel", "own"), [("messenger", PAGE), ("instagram", GRAM)])
def test_people_of_meta_write_and_are_answered(world: Running, product: Product, channel: str, own: str) -> None:
    assert said(world, {"text": "Hello"}).json()["error"]["error_subcode"] == 2018001
    write(world, "facebook", channel=channel, body="Grüße/👋", **{"from": SOMEBODY})
    (posted,) = product.posted
    digest = hmac.new(world.sandbox.secrets.app_secret.encode(), posted.body, hashlib.sha256).hexdigest()
    assert posted.headers["x-hub-signature-256"] == f"sha256={digest}"
    assert posted.body.isascii()
    (arrival,) = arrivals(product)
    assert (arrival.channel_type, arrival.account_id, arrival.text) == (channel, own, "Grüße/👋")

    mid = said(world, {"text": "Hello back", "metadata": "01OURS"}).json()["message_id"]

    (item,) = world.sent(provider="facebook", to=SOMEBODY)
    assert (item["id"], item["from"], item["body"]) == (mid, own, "Hello back")
    product.wait_for(lambda found: len(found) == 2)
    echo = arrivals(product)[1]
    assert (echo.kind, echo.provider_message_id, echo.data["metadata"]) == ("echo", mid, "01OURS")


def test_every_kind_that_people_of_meta_do(world: Running, product: Product) -> None:
    for event in ("postback", "quick_reply", "story_reply", "sticker", "reaction", "unsend", "edit", "standby", "echo"):
        asked = {"message_id": "m_1"} if event in ("reaction", "unsend", "edit") else {}
        assert write(world, "facebook", event=event, **asked).json()["delivered"] == 1, event

    assert [one.kind for one in arrivals(product)] == [
        "postback", "quick_reply", "message", "message", "reaction", "unsend", "edit", "standby", "echo",
    ]  # fmt: skip


META_FAULTS: list[tuple[Any, dict[str, Any], int]] = [
    ({}, {}, 100),
    ({"text": "x", "attachment": {"type": "image"}}, {}, 100),
    ({"attachment": {"type": "song"}}, {}, 100),
    ({"text": "x" * 2001}, {}, 100),
    ({"text": "x"}, {"messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"}, 100),
    ({"text": "x"}, {"messaging_type": "HELLO"}, 100),
    ({"text": "x"}, {"recipient": {"id": 7}}, 100),
]


@pytest.mark.parametrize(("message", "more", "code"), META_FAULTS)
def test_meta_says_what_is_wrong(world: Running, message: Any, more: dict[str, Any], code: int) -> None:
    write(world, "facebook", body="Hi")

    answer = said(world, message, **more)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_after_a_day_only_a_human_may_write(world: Running, clock: Any) -> None:
    write(world, "facebook", body="Hi")
    clock.advance(25 * 3600)

    assert said(world, {"text": "x"}).json()["error"]["error_subcode"] == 2018278
    tagged = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    assert said(world, {"text": "x"}, **tagged).status_code == 200
    clock.advance(7 * 24 * 3600)
    assert said(world, {"text": "x"}, **tagged).json()["error"]["error_subcode"] == 2018278


def test_who_blocks_the_page_cannot_be_written_to(world: Running) -> None:
    write(world, "facebook", body="Hi")
    write(world, "facebook", event="block")
    assert said(world, {"text": "x"}).json()["error"]["code"] == 551
    write(world, "facebook", event="unblock")
    assert said(world, {"text": "x"}).status_code == 200


@pytest.mark.parametrize(
    ("mode", "twilio", "meta"),
    [("reject", 400, 100), ("rate_limit", 429, 613), ("bad_token", 401, 190), ("server_error", 500, 2)],
)
def test_both_misbehave_as_they_are_told(world: Running, mode: str, twilio: int, meta: int) -> None:
    write(world, "facebook", body="Hi")
    for provider in ("twilio", "facebook"):
        world.http.put(f"/behaviour/{provider}", json={"mode": mode})

    assert text(world).status_code == twilio
    assert said(world, {"text": "x"}).json()["error"]["code"] == meta
    assert world.sent() == []


@pytest.mark.parametrize("raw", [False, True])
def test_a_person_writes_a_mail(world: Running, product: Product, raw: bool) -> None:
    asked = {"subject": "Re: Hello", "in_reply_to": "1@x", "raw": raw, "media": ["application/pdf"]}
    answer = write(world, "sendgrid", body="Grüße", **{"from": "ada@example.com"}, **asked)

    assert answer.json()["delivered"] == 1
    (posted,) = product.posted
    assert posted.path.endswith(f"/inbound?secret={world.sandbox.secrets.inbound_secret}")
    (arrival,) = mail_arrivals(posted.headers["content-type"], posted.body, NOW)
    assert isinstance(arrival, Arrival)
    assert (arrival.person, arrival.account_id) == ("ada@example.com", "hello@leadflow.test")
    assert (arrival.subject, (arrival.text or "").strip(), arrival.in_reply_to) == ("Re: Hello", "Grüße", "1@x")
    assert [one.media_type for one in arrival.attachments] == ([] if raw else ["application/pdf"])


def test_an_answer_names_the_latest_mail_to_who_writes_it(world: Running, product: Product) -> None:
    for number in (1, 2):
        [one] = to("ida@example.com")
        world.send(mail(personalizations=[{**one, "headers": {"Message-ID": f"<{number}@leadflow.test>"}}]))
    product.wait_for(lambda found: sum(len(each.events) for each in found) == 4)
    before = len(product.posted)

    write(world, "sendgrid", body="Yes", subject="re: Hello", **{"from": "ida@example.com"})
    write(world, "sendgrid", body="Yes", subject="Hello", **{"from": "ida@example.com"})
    write(world, "sendgrid", body="Yes", subject="Re: Hello", **{"from": "somebody@example.com"})

    posts = [mail_arrivals(one.headers["content-type"], one.body, NOW) for one in product.posted[before:]]
    named = [arrival.in_reply_to for [arrival] in posts if isinstance(arrival, Arrival)]
    assert named == ["2@leadflow.test", None, None]


@pytest.mark.parametrize("automatic", ["out_of_office", "bounce", "list"])
def test_a_machine_writes_a_mail(world: Running, product: Product, automatic: str) -> None:
    write(world, "sendgrid", body="I am away", automatic=automatic)

    (arrival,) = mail_arrivals(product.posted[0].headers["content-type"], product.posted[0].body, NOW)
    assert isinstance(arrival, Arrival)
    assert arrival.automatic


def test_events_of_mails_still_go_their_own_way(world: Running, product: Product) -> None:
    world.send(mail())
    posts = product.wait_for(lambda found: sum(len(each.events) for each in found) == 2)
    assert all(is_signed(posted, world.sandbox.sendgrid_public_key()) for posted in posts)


def test_secrets_are_kept_by_their_owner_alone(world: Running, tmp_path: Path) -> None:
    path = tmp_path / "sandbox" / "secrets.json"

    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text()) == world.sandbox.secrets.shown()
    assert base64.b16decode(world.sandbox.secrets.app_secret.upper())


def test_there_must_be_somebody_to_write_to(lonely: Running) -> None:
    for provider in ("twilio", "facebook", "sendgrid"):
        assert write(lonely, provider, body="Hi").status_code == 409


@pytest.mark.parametrize("channel", ["sms", "whatsapp", "messenger", "instagram", "email"])
def test_the_page_has_people_write_by_any_channel(world: Running, product: Product, channel: str) -> None:
    page = world.http.get("/").text
    assert "Write as somebody" in page
    assert f'<option value="{channel}"' in page

    answer = world.http.post("/simulate", json={"event": "inbound", "channel": channel, "body": "Hi"})

    assert answer.json()["statuses"] == [200]
    assert len(product.posted) == 1
