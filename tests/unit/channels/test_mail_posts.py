"""Inbound mails as SendGrid posts them, read into what somebody said, whatever is done to hold it up."""

from __future__ import annotations

import bz2
import json
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.channels.rules.arrivals import Arrival
from leadflow.channels.rules.mail_posts import mail_arrivals

RECEIVED = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
FORM = 'multipart/form-data; boundary="xYzZY"'


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


@pytest.fixture
def usual_stack() -> Iterator[None]:
    """As deep as Python lets calls go where nobody says otherwise, as hypothesis does."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.usefixtures("usual_stack")
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
