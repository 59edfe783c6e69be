"""What a mail is, and the request SendGrid gets for it."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.channels.mail import MAX_RECIPIENTS, Address, OutgoingMail, Recipient
from leadflow.channels.providers.sendgrid import request_body

SENDER = Address("hello@acme.example")
PEOPLE = (Recipient("ana@example.com"),)
TEXTS = st.text(max_size=30)
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def test_a_mail_has_recipients_but_not_too_many() -> None:
    many = tuple(Recipient(f"a{number}@example.com") for number in range(MAX_RECIPIENTS + 1))
    assert OutgoingMail(SENDER, many[:-1], "s", text="t")
    for wrong in ((), many):
        with pytest.raises(ValueError, match="recipients"):
            OutgoingMail(SENDER, wrong, "s", text="t")


def test_nobody_gets_it_twice_whatever_the_case() -> None:
    with pytest.raises(ValueError, match="once"):
        OutgoingMail(SENDER, (*PEOPLE, Recipient("Ana@Example.com")), "s", text="t")


@pytest.mark.parametrize("content", [{}, {"text": ""}, {"html": ""}])
def test_a_mail_has_a_content(content: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="content"):
        OutgoingMail(SENDER, PEOPLE, "s", **content)


@given(TEXTS, TEXTS, TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=3))
def test_no_name_subject_or_header_can_add_a_line_or_an_address(
    name: str, own_subject: str, subject: str, headers: dict[str, str]
) -> None:
    person = Recipient("ana@example.com", name, subject=own_subject, headers=headers)
    body = request_body(OutgoingMail(Address("a@b.example", name), (person,), subject, text="t", headers=headers))
    (own,) = body["personalizations"]
    shown = own["to"][0].get("name", "")
    assert not set(";,") & set(shown)
    header_texts = [text for line in own.get("headers", {}).items() for text in line]
    lines = [shown, own.get("subject", ""), body.get("subject", ""), *header_texts]
    assert not any(CONTROL.search(text) for text in lines)


@given(TEXTS, st.text(min_size=1, max_size=40), st.dictionaries(TEXTS, TEXTS, max_size=3))
def test_content_and_values_go_as_they_are(tag: str, content: str, values: dict[str, str]) -> None:
    person = Recipient("ana@example.com", substitutions={**values, tag: content})
    body = json.loads(json.dumps(request_body(OutgoingMail(SENDER, (person,), "s", html=content))))
    assert body["content"] == [{"type": "text/html", "value": content}]
    assert body["personalizations"][0]["substitutions"] == {**values, tag: content}


def test_empty_parts_are_left_out() -> None:
    body = request_body(OutgoingMail(SENDER, PEOPLE, "s", text="t"))
    assert set(body) == {"personalizations", "from", "subject", "content", "tracking_settings"}
    assert body["personalizations"] == [{"to": [{"email": "ana@example.com"}]}]


def test_plain_text_comes_first() -> None:
    body = request_body(OutgoingMail(SENDER, PEOPLE, "s", text="t", html="<p>t</p>"))
    assert [part["type"] for part in body["content"]] == ["text/plain", "text/html"]


def test_the_providers_own_tracking_is_off() -> None:
    settings = request_body(OutgoingMail(SENDER, PEOPLE, "s", text="t"))["tracking_settings"]
    assert {name: each["enable"] for name, each in settings.items()} == {
        "click_tracking": False,
        "open_tracking": False,
        "subscription_tracking": False,
    }
