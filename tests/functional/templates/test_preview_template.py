"""POST /templates/{template_id}/preview."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.campaigns.mailing import email_channel, lead, template
from tests.functional.wire import counts
from tests.harness import Answer, call


def preview(template_id: str, **body: Any) -> Answer:
    return call("templates/preview_template", body, path={"template_id": template_id}, scopes="campaigns:read")


def test_a_lead_gives_the_values() -> None:
    template_id = template()

    answer = preview(template_id, lead_id=lead(company="A & B"))

    assert answer.status == 200
    assert answer.json == {
        "subject": "Hello Ada Lovelace",
        "html": (
            "<html><body><p>Dear Ada Lovelace of A &amp; B,</p>"
            '<p><a href="https://example.com/pricing">Prices</a>'
            ' <a href="https://example.com/u/ada@example.com">You</a></p></body></html>'
        ),
        "text": (
            "Dear Ada Lovelace of A & B,\n\n"
            "Prices (https://example.com/pricing) You (https://example.com/u/ada@example.com)"
        ),
        "missing": [],
    }


def test_what_has_no_value_and_no_default_is_missing() -> None:
    answer = preview(template(), variables={"email": "x@example.com"})

    assert answer.json["missing"] == ["name"]
    assert "of your company" in answer.json["html"]


def test_made_up_values_are_seen_short_and_long() -> None:
    template_id = template(
        subject="{{ first_name }} {{ plan }}",
        body="<p>{{ lead.name }} {{ address.city }}</p>",
        variables=["first_name", "plan", "address"],
    )

    answer = preview(template_id, variables={"name": "Ada Lovelace", "plan": "gold", "address": {"city": "London"}})

    assert answer.json["subject"] == "Ada gold"
    assert answer.json["html"] == "<p>Ada Lovelace London</p>"
    assert answer.json["missing"] == []


def test_custom_keys_of_a_lead_are_bare_names() -> None:
    template_id = template(subject="{{ plan }}", body="<p>{{ custom.plan }}</p>", variables=["plan"])

    answer = preview(template_id, lead_id=lead(custom={"plan": "gold"}))

    assert (answer.json["subject"], answer.json["html"]) == ("gold", "<p>gold</p>")


def test_values_are_escaped_and_headers_stay_one_line() -> None:
    template_id = template(subject="Hi {{ name }}", body="<p>{{ name }}</p>", variables=["name"])

    answer = preview(template_id, variables={"name": "<b>x</b>\r\nBcc: y"})

    assert answer.json["html"] == "<p>&lt;b&gt;x&lt;/b&gt;\r\nBcc: y</p>"
    assert answer.json["subject"] == "Hi <b>x</b> Bcc: y"


def test_the_mails_own_links_lead_nowhere_and_the_address_is_the_channels() -> None:
    email_channel(postal_address="1 Main Street")
    template_id = template(
        subject="x", body="<p><a href='{{ unsubscribe_url }}'>out</a> {{ postal_address }}</p>", variables=[]
    )

    html = preview(template_id, variables={}).json["html"]

    assert "https://api.leadflow.test/t/preview/unsubscribe" in html
    assert "1 Main Street" in html
    assert call("tracking/unsubscribe_page", path={"tracking_id": "preview"}, scopes=None).status == 404


def test_a_preview_changes_nothing() -> None:
    template_id, lead_id = template(), lead()
    before = counts()

    preview(template_id, lead_id=lead_id)

    assert counts() == before


@pytest.mark.parametrize("body", [{}, {"lead_id": "x", "variables": {}}, {"lead_id": None}, {"lead": "x"}])
def test_either_a_lead_or_values(body: dict[str, Any]) -> None:
    assert preview(template(), **body).status == 422


def test_a_lead_that_is_not_there_is_named() -> None:
    answer = preview(template(), lead_id="01NOPE")

    assert answer.status == 422
    assert answer.json["errors"] == [{"field": "lead_id", "message": "there is no lead 01NOPE"}]


def test_no_such_template_is_not_found() -> None:
    assert preview("01NOPE", variables={}).status == 404
