"""POST /templates."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.campaigns.schema import EmailTemplate
from tests.functional.campaigns.mailing import TEMPLATE
from tests.functional.wire import stored
from tests.harness import Answer, call


def create(**fields: Any) -> Answer:
    return call("templates/create_template", {**TEMPLATE, **fields})


def test_a_template_is_stored_and_shown_as_the_data_model_says() -> None:
    answer = create(category="onboarding", is_ai_generated=True, ab_test_variant="B")

    assert answer.status == 201
    template = answer.json
    assert answer.headers["location"] == f"/templates/{template['id']}"
    assert answer.etag == '"1"'
    assert template == {
        **TEMPLATE,
        "id": template["id"],
        "category": "onboarding",
        "is_ai_generated": True,
        "ab_test_variant": "B",
        "performance_score": None,
        "created_at": "2026-03-02T09:00:00.000Z",
        "updated_at": "2026-03-02T09:00:00.000Z",
    }
    EmailTemplate.model_validate(template)
    [item] = stored("EmailTemplate")
    assert item["pk"]["S"] == f"TPL#{template['id']}"
    assert (item["gsi1pk"]["S"], item["gsi1sk"]["S"]) == ("TPLS", f"2026-03-02T09:00:00.000Z#{template['id']}")


def test_what_may_be_left_out_is_null_or_empty() -> None:
    template = call("templates/create_template", {"name": "x", "subject": "Hi", "body": "<p>Hi</p>"}).json

    assert template["variables"] == []
    assert template["is_ai_generated"] is False
    assert template["category"] is template["ab_test_variant"] is template["performance_score"] is None


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"subject": "Hi {{ city }}"}, "variables", "city is used but not declared"),
        ({"body": "<p>{{ city }}</p>", "subject": "x"}, "variables", "city is used but not declared"),
        ({"body": "<p>{% if city %}x{% endif %}</p>"}, "variables", "city is used but not declared"),
        ({"variables": [*TEMPLATE["variables"], "city"]}, "variables", "city is declared but not used"),  # type: ignore[misc]
        ({"body": "<p>\n{{ name </p>"}, "body", "line 2"),
        ({"body": "<p>{% if name %}</p>"}, "body", "line 1"),
        ({"subject": "{% include 'x' %}"}, "subject", "line 1"),
        ({"name": " "}, "name", ""),
        ({"name": "x" * 201}, "name", ""),
        ({"subject": ""}, "subject", ""),
        ({"subject": "x" * 501}, "subject", ""),
        ({"body": ""}, "body", ""),
        ({"variables": ["name", "name"]}, "variables", "must name each variable once"),
        ({"variables": ["a b"]}, "variables.0", ""),
        ({"colour": "red"}, "colour", ""),
    ],
)
def test_what_is_wrong_is_refused_by_name(fields: dict[str, Any], field: str, message: str) -> None:
    answer = create(**fields)

    assert answer.status == 422
    assert any(error["field"] == field and message in error["message"] for error in answer.json["errors"]), answer.text
    assert stored("EmailTemplate") == []


def test_every_disagreement_is_named_at_once() -> None:
    answer = create(subject="{{ city }} {{ street }}", variables=["name", "company", "email", "planet"])

    assert {error["message"] for error in answer.json["errors"]} == {
        "city is used but not declared",
        "street is used but not declared",
        "planet is declared but not used",
    }


def test_what_every_mail_has_needs_no_declaration() -> None:
    body = (
        "<a href='{{ unsubscribe_url }}'>out</a> <a href='{{ view_url }}'>view</a> {{ postal_address }} {{ lead.name }}"
    )

    assert create(subject="Hi", body=body, variables=[]).status == 201


def test_a_declared_name_may_be_the_first_part_or_the_whole() -> None:
    assert create(subject="x", body="<p>{{ address.city }}</p>", variables=["address"]).status == 201
    assert create(subject="x", body="<p>{{ lead.company }}</p>", variables=["lead.company"]).status == 201


def test_a_repeated_request_makes_one_template() -> None:
    headers = {"idempotency-key": "once"}
    first = call("templates/create_template", TEMPLATE, headers=headers)
    again = call("templates/create_template", TEMPLATE, headers=headers)

    assert first.json == again.json
    assert again.headers["idempotency-replayed"] == "true"
    assert len(stored("EmailTemplate")) == 1


@pytest.mark.parametrize(("scopes", "status"), [("campaigns:write", 201), ("campaigns:read", 403), (None, 401)])
def test_writing_needs_the_scope(scopes: str | None, status: int) -> None:
    assert call("templates/create_template", TEMPLATE, scopes=scopes).status == status
