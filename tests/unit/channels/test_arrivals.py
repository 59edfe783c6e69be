"""What providers post, as arrivals: the samples, odd ones, and whatever else somebody may sign."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.channels.rules.arrivals import Arrival, Unreadable
from leadflow.channels.rules.keywords import keyword_of
from leadflow.channels.rules.mail_posts import mail_arrivals
from leadflow.channels.rules.meta_posts import meta_arrivals
from leadflow.channels.rules.refusals import refusal
from leadflow.channels.rules.twilio_posts import twilio_message, twilio_status
from tests.harness import ROOT

RECEIVED = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
FORM = 'multipart/form-data; boundary="xYzZY"'


def facebook(name: str) -> list[Arrival]:
    raw = (ROOT / "events" / "providers" / "facebook" / f"{name}.json").read_bytes()
    found = meta_arrivals(raw, RECEIVED)
    assert all(isinstance(one, Arrival) for one in found)
    return [one for one in found if isinstance(one, Arrival)]


def twilio(name: str) -> Arrival:
    raw = (ROOT / "events" / "providers" / "twilio" / f"{name}.form").read_bytes()
    (found,) = twilio_message(raw, RECEIVED)
    assert isinstance(found, Arrival)
    return found


def test_an_sms_says_every_sign_of_it() -> None:
    arrival = twilio("sms_inbound")

    assert arrival.text == "Hi, is the 2× pack still €19? Café pickup ok 👍 & thanks + more"
    assert (arrival.channel_type, arrival.person, arrival.phone) == ("sms", "+12025550143", "+12025550143")
    assert arrival.happened_at == RECEIVED
    assert arrival.data["NumSegments"] == "2"


def test_a_picture_by_whatsapp_has_its_type_and_its_sender_s_name() -> None:
    arrival = twilio("whatsapp_media_inbound")

    assert (arrival.channel_type, arrival.person_name, arrival.text) == ("whatsapp", "Renée Okafor", None)
    (picture,) = arrival.attachments
    assert (picture.kind, picture.media_type) == ("image", "image/jpeg")
    assert str(picture.url).startswith("https://api.twilio.com/2010-04-01/Accounts/")


def test_who_hides_their_number_on_whatsapp_is_known_by_what_is_given() -> None:
    raw = urlencode({"MessageSid": "SM1", "From": "whatsapp:US.ABC123XYZ", "To": "whatsapp:+12025550107", "Body": "Hi"})

    (arrival,) = twilio_message(raw.encode(), RECEIVED)

    assert isinstance(arrival, Arrival)
    assert (arrival.person, arrival.phone) == ("US.ABC123XYZ", None)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("STOP", "optout"), (" stop\n", "optout"), ("OptOut", "optout"), ("start", "optin"), ("Unstop", "optin"),
        ("stop please", None), ("HELP", None), ("", None),
    ],
)  # fmt: skip
def test_a_keyword_is_one_alone(text: str, kind: str | None) -> None:
    assert keyword_of(text) == kind


def test_statuses_carry_code_and_our_reference() -> None:
    raw = (ROOT / "events" / "providers" / "twilio" / "status_failed.form").read_bytes()

    (arrival,) = twilio_status(raw, "01OURS", RECEIVED)

    assert isinstance(arrival, Arrival)
    assert arrival.report is not None
    assert (arrival.person, arrival.account_id) == ("+12025550143", "+12025550107")
    assert (arrival.report.status, arrival.report.error_code) == ("failed", "63016")
    assert refusal("twilio", str(arrival.report.error_code)).reason == "window_closed"


def test_messenger_s_kinds() -> None:
    (text,) = facebook("messenger_text")
    (postback,) = facebook("messenger_postback")
    (echo,) = facebook("messenger_echo")
    reports = facebook("messenger_delivery_read")

    assert (text.kind, text.channel_type, text.account_id, text.person) == (
        "message", "messenger", "102938400000001", "7392015648120394",
    )  # fmt: skip
    assert text.at is not None
    assert text.at.year == 2026
    assert (postback.kind, bool(postback.data["payload"])) == ("postback", True)
    assert (echo.kind, echo.person, echo.account_id) == ("echo", "7392015648120394", "102938400000001")
    assert [(one.kind, one.provider_message_ids) for one in reports] == [
        ("delivered", ("m_OUT0001", "m_OUT0002")),
        ("delivered", ()),
        ("read", ()),
    ]
    assert all(one.watermark is not None for one in reports)


def test_attachments_of_every_sort() -> None:
    found = [one.attachments for one in facebook("messenger_attachments")]

    assert [[each.kind for each in one] for one in found] == [
        ["image", "image"], ["audio"], ["file"], ["sticker"], ["fallback"], ["fallback"],
    ]  # fmt: skip
    assert found[4][0].title == "A shared link"
    assert (found[5][0].url, found[5][0].title) == (None, None)


def test_instagram_s_story_replies_and_unsent_messages() -> None:
    (text,) = facebook("instagram_text")
    (story,) = facebook("instagram_story_reply")
    (unsend,) = facebook("instagram_unsend")

    assert {text.channel_type, story.channel_type} == {"instagram"}
    assert story.data["story"]["url"]
    assert (unsend.kind, unsend.provider_message_id, unsend.text) == ("unsend", text.provider_message_id, None)


@pytest.mark.parametrize(
    "event",
    [
        {"message": {"text": "no mid"}},
        {"message": {"mid": 1.5}},
        {"message": {"mid": "x" * 501}},
        {"reaction": {"action": "react"}},
        {"read": {}},
        {"delivery": {"watermark": True}},
        {"postback": {"title": "x"}},
        {"message": {"mid": "m"}, "sender": None},
        {"message": {"mid": "m"}, "sender": {"id": None}},
    ],
)
def test_an_event_without_what_it_needs_is_told_with_its_place(event: dict[str, Any]) -> None:
    whole = {"sender": {"id": "1"}, "recipient": {"id": "2"}, **event}
    raw = json.dumps({"object": "page", "entry": [{"id": "2", "messaging": [whole]}]}).encode()

    (found,) = meta_arrivals(raw, RECEIVED)

    assert isinstance(found, Unreadable)
    assert found.position == "0.messaging.0"


def test_what_meta_adds_without_asking_is_passed_over() -> None:
    events = [{"sender": {"id": "1"}, "recipient": {"id": "2"}, "new": {"k": 1}}]
    raw = json.dumps({"object": "page", "entry": [{"id": "2", "messaging": events, "changes": [{}]}]}).encode()

    assert meta_arrivals(raw, RECEIVED) == []


def test_text_that_is_none_is_made_one() -> None:
    message = {"mid": "m", "text": "a\ud83d\x00b"}
    event = {
        "sender": {"id": 7392015648120394},
        "recipient": {"id": "2"},
        "timestamp": "1795342474000",
        "message": message,
    }
    raw = json.dumps({"object": "page", "entry": [{"id": "2", "messaging": [event]}]}).encode()

    (found,) = meta_arrivals(raw, RECEIVED)

    assert isinstance(found, Arrival)
    assert (found.text, found.person) == ("a�b", "7392015648120394")
    assert found.at == datetime.fromtimestamp(1795342474, UTC)


def test_what_is_heard_while_another_app_has_the_thread_is_no_word_of_the_person_s_unless_they_say_it() -> None:
    page, ana, at = {"id": "2"}, {"id": "9"}, 1772442000000
    theirs = {"sender": ana, "recipient": page, "timestamp": at}
    events = [
        {**theirs, "message": {"mid": "m_1", "text": "Hello"}},
        {"sender": page, "recipient": ana, "timestamp": at, "message": {"mid": "m_2", "text": "Hi", "is_echo": True}},
        {**theirs, "read": {"watermark": at}},
        {**theirs, "delivery": {"watermark": at}},
        {**theirs, "reaction": {"mid": "m_2", "action": "react", "emoji": "👍"}},
        {**theirs, "postback": {"mid": "m_3", "title": "Yes"}},
    ]
    raw = json.dumps({"object": "page", "entry": [{"id": "2", "standby": events}]}).encode()

    found = [one for one in meta_arrivals(raw, RECEIVED) if isinstance(one, Arrival)]

    assert [one.kind for one in found] == ["standby", "echo", "read", "delivered", "reaction", "standby"]
    assert {one.person for one in found} == {"9"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
KEYS = st.sampled_from(
    ["message", "postback", "reaction", "read", "delivery", "message_edit", "referral", "optin", "mid", "text", "id",
     "watermark", "mids", "attachments", "payload", "url", "quick_reply", "reply_to", "story", "is_echo", "is_deleted"]
)  # fmt: skip
LIKE_META = st.recursive(JSON, lambda inner: st.dictionaries(KEYS, inner, max_size=6) | st.lists(inner, max_size=3))


@given(st.lists(LIKE_META, max_size=4))
def test_no_event_of_meta_s_breaks_its_reading(events: list[Any]) -> None:
    entries = [{"id": "2", "messaging": events, "standby": events}, events]
    raw = json.dumps({"object": "page", "entry": entries}).encode()

    for found in meta_arrivals(raw, RECEIVED):
        if isinstance(found, Arrival):
            json.dumps(dict(found.data))
            (found.text or "").encode()


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reading_of_anything(raw: bytes) -> None:
    twilio_message(raw, RECEIVED)
    twilio_status(raw, None, RECEIVED)
    for read in (lambda: meta_arrivals(raw, RECEIVED), lambda: mail_arrivals(FORM, raw, RECEIVED)):
        try:
            read()
        except ValueError:
            continue


FIELDS = st.sampled_from(
    ["From", "To", "MessageSid", "Body", "NumMedia", "MediaUrl0", "WaId", "ChannelMetadata", "OptOutType"]
)


@given(st.dictionaries(FIELDS, st.text(max_size=20)))
def test_no_form_breaks_the_reading_of_twilio_s(fields: dict[str, str]) -> None:
    for found in twilio_message(urlencode(fields, errors="surrogatepass").encode(), RECEIVED):
        if isinstance(found, Arrival):
            json.dumps(dict(found.data))


@given(st.sampled_from(["twilio", "facebook"]), st.text(max_size=12))
def test_any_code_comes_to_something(provider: str, code: str) -> None:
    assert refusal(provider, code).sentence


@pytest.mark.parametrize(
    ("provider", "code", "reason", "remedy"),
    [
        ("twilio", "21610", "opted_out", "none"), ("twilio", "63016", "window_closed", "none"),
        ("twilio", "20003", "account", "hold"), ("twilio", "30003", "unreachable", "none"),
        ("twilio", "21211", "invalid_recipient", "none"), ("twilio", "99999", "unknown", "none"),
        ("facebook", "10/2018278", "window_closed", "none"), ("facebook", "10/2534022", "window_closed", "none"),
        ("facebook", "190/463", "account", "hold"), ("facebook", "200/2018028", "not_allowed", "none"),
        ("facebook", "230", "account", "hold"), ("facebook", "551", "opted_out", "none"),
        ("facebook", "100/2018001", "invalid_recipient", "none"), ("facebook", "613", "rate_limited", "later"),
    ],
)  # fmt: skip
def test_codes_that_matter(provider: str, code: str, reason: str, remedy: str) -> None:
    found = refusal(provider, code)
    assert (found.reason, found.remedy) == (reason, remedy)
