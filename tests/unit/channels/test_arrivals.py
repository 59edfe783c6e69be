"""What providers post, as arrivals: the samples, odd ones, and whatever else somebody may sign."""

from __future__ import annotations

import bz2
import json
import tracemalloc
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
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


def mail_post(mail: EmailMessage | None = None, **fields: Any) -> bytes:
    """A post of a mail: whole, or as its headers with fields."""
    if mail is not None and "email" not in fields:
        fields = {"headers": "\r\n".join(f"{name}: {value}" for name, value in mail.items()), **fields}
    fields.setdefault("envelope", '{"to": ["hello@acme.example"], "from": "ana@example.com"}')
    parts = [
        f'--xYzZY\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        + (value if isinstance(value, bytes) else str(value).encode())
        for name, value in fields.items()
    ]
    return b"\r\n".join(parts) + b"\r\n--xYzZY--\r\n"


def mail(**headers: str) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Ana <ana@example.com>", "hello@acme.example", "Hello"
    made["Message-ID"] = "<1@example.com>"
    for name, value in headers.items():
        del made[name.replace("_", "-")]
        made[name.replace("_", "-")] = value
    return made


def the_mail(raw: bytes) -> Arrival:
    (found,) = mail_arrivals(FORM, raw, RECEIVED)
    assert isinstance(found, Arrival)
    return found


CHARSETS = [("iso-8859-1", "Grüße"), ("utf-8", "你好"), ("iso-2022-jp", "こんにちは"), ("windows-1252", "“€”")]


@pytest.mark.parametrize(("charset", "text"), CHARSETS)
def test_a_field_is_in_the_charset_that_is_named(charset: str, text: str) -> None:
    found = the_mail(mail_post(mail(), text=text.encode(charset), charsets=json.dumps({"text": charset})))

    assert found.text == text


@pytest.mark.parametrize("charsets", ["{}", "nonsense", '{"text": "x-unknown"}', '{"text": 7}', '{"text": "hex"}'])
def test_a_charset_that_is_none_is_guessed(charsets: str) -> None:
    assert the_mail(mail_post(mail(), text="Grüße".encode(), charsets=charsets)).text == "Grüße"
    assert the_mail(mail_post(mail(), text="Grüße".encode("cp1252"), charsets=charsets)).text == "Grüße"


AUTOMATIC = [
    ({"Auto_Submitted": "auto-replied"}, "auto_reply"),
    ({"X_Autoreply": "yes"}, "auto_reply"),
    ({"Subject": "Out of Office: back on Monday"}, "auto_reply"),
    ({"Precedence": "auto_reply"}, "auto_reply"),
    ({"From": "MAILER-DAEMON@mx.example.com"}, "bounce"),
    ({"Content_Type": "multipart/report; report-type=delivery-status; boundary=x"}, "bounce"),
    ({"Precedence": "bulk"}, "list"),
    ({"List_Id": "<news.example.com>"}, "list"),
    ({"Auto_Submitted": "no"}, None),
    ({}, None),
]


@pytest.mark.parametrize(("charset", "pack"), [("bz2", bz2.compress), ("zlib", zlib.compress)])
def test_what_is_called_a_charset_unpacks_nothing(charset: str, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(b"Hi" * 1_000_000)
    # A text that is unpacked is none, so what shows it is the memory that it took.
    whole = b"From: ana@example.com\r\nContent-Type: text/plain; charset=" + charset.encode() + b"\r\n\r\n" + packed
    tracemalloc.start()
    try:
        the_mail(mail_post(email=whole))
        the_mail(mail_post(**{"from": "ana@example.com"}, headers="", text=packed, charsets=f'{{"text": "{charset}"}}'))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 1_000_000


# Each of these would take hours where the time it takes is the square of how long it is.
@pytest.mark.parametrize(
    "fields",
    [
        {"headers": "Date: now", "html": "<" * 2_000_000},
        {"headers": "Date: now", "html": f"{'a' * 1_500_000}-{'a' * 1_500_000}", "charsets": '{"html": "punycode"}'},
        {"headers": f"Message-ID: <1@example.com>\r\nSubject: {'=?utf-8?q?a?= ' * 250_000}"},
        {"headers": f"To: {'a@example.com, ' * 250_000}", "envelope": "{}"},
        {"headers": f"Content-Type: a/b{';a*0*=x' * 500_000}"},
    ],
    ids=["marks", "names", "words", "addresses", "parameters"],
)
def test_a_mail_made_to_keep_us_busy_is_read_in_no_time(fields: dict[str, str]) -> None:
    assert the_mail(mail_post(**{"from": "ana@example.com", "text": "", **fields})).person


@pytest.mark.parametrize(
    "fields",
    [
        {"headers": "From: " + "(" * 5_000},
        {"headers": "Content-Type: " + "(" * 5_000, "from": "ana@example.com"},
        {"headers": "Date: now", "from": "(" * 5_000},
        {"email": b"From: ana@example.com\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 5_000},
    ],
    ids=["from", "type", "field", "mails in mails"],
)
def test_a_mail_nested_without_end_is_refused_with_the_reason(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        mail_arrivals(FORM, mail_post(**fields), RECEIVED)


@pytest.mark.parametrize(("headers", "why"), AUTOMATIC)
def test_mails_nobody_typed_are_known_by_their_headers(headers: dict[str, str], why: str | None) -> None:
    found = the_mail(mail_post(mail(**headers), text="x"))

    assert (found.automatic, found.data.get("automatic")) == (why is not None, why)


def test_the_empty_sender_of_an_envelope_is_a_bounce_even_without_a_from() -> None:
    raw = mail_post(headers="Subject: failed", envelope='{"to": ["hello@acme.example"], "from": ""}')

    assert the_mail(raw).data["automatic"] == "bounce"


def test_a_whole_mail_gives_its_text_and_its_files() -> None:
    whole = mail(References="<a@x> <b@x>")
    whole.set_content("Grüße")
    whole.add_alternative("<p>Grüße</p>", subtype="html")
    whole.add_attachment(b"\x00\r\n\xff", maintype="application", subtype="pdf", filename="brief.pdf")

    found = the_mail(mail_post(whole, email=whole.as_bytes()))

    assert (found.text or "").strip() == "Grüße"
    assert found.references == ("a@x", "b@x")
    assert [(one.name, one.content) for one in found.attachments] == [("brief.pdf", b"\x00\r\n\xff")]


def test_a_mail_of_html_alone_has_its_words() -> None:
    assert the_mail(mail_post(mail(), html="<p>Hello <b>there</b></p>")).text == "Hello there"


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


@given(st.binary(max_size=400), st.binary(max_size=100), st.binary(max_size=100), st.binary(max_size=60))
def test_no_mail_breaks_the_reading_of_mails(head: bytes, text: bytes, envelope: bytes, charsets: bytes) -> None:
    for fields in ({"headers": head, "text": text}, {"email": head}):
        try:
            mail_arrivals(FORM, mail_post(None, envelope=envelope, charsets=charsets, **fields), RECEIVED)
        except ValueError:
            continue


NAMES = st.sampled_from(
    ["From", "To", "Date", "Subject", "Message-ID", "References", "Content-Type", "Content-Disposition"]
)
VALUES = st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]), max_size=40)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=8))
def test_no_header_breaks_the_reading_of_mails(headers: list[tuple[str, str]]) -> None:
    head = "\r\n".join(f"{name}: {value}" for name, value in headers).encode()
    for fields in ({"headers": head}, {"email": head + b"\r\n\r\nHello"}):
        try:
            mail_arrivals(FORM, mail_post(None, **fields), RECEIVED)
        except ValueError:
            continue


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
