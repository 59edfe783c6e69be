"""PATCH /templates/{template_id}."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.core import table
from tests.functional.campaigns.mailing import TEMPLATE, template
from tests.functional.wire import interrupted
from tests.harness import Answer, Clock, call


def patch(template_id: str, if_match: str | None = None, **changes: Any) -> Answer:
    headers = {} if if_match is None else {"if-match": if_match}
    return call("templates/update_template", changes, path={"template_id": template_id}, headers=headers)


def test_fields_given_change_and_others_stay(clock: Clock) -> None:
    template_id = template(category="a")
    clock.advance(seconds=5)

    answer = patch(template_id, name="New name", category=None)

    assert answer.status == 200
    assert answer.etag == '"2"'
    assert answer.json == {
        **TEMPLATE,
        "id": template_id,
        "name": "New name",
        "category": None,
        "is_ai_generated": False,
        "ab_test_variant": None,
        "performance_score": None,
        "created_at": "2026-03-02T09:00:00.000Z",
        "updated_at": "2026-03-02T09:00:05.000Z",
    }
    assert call("templates/get_template", path={"template_id": template_id}).json == answer.json


def test_what_changes_nothing_writes_nothing() -> None:
    template_id = template()

    assert patch(template_id, name=TEMPLATE["name"]).etag == '"1"'


def test_a_change_is_checked_together_with_what_stays() -> None:
    template_id = template()

    refused = patch(template_id, subject="Hello {{ city }}")
    assert refused.status == 422
    assert {error["message"] for error in refused.json["errors"]} == {"city is used but not declared"}
    assert patch(template_id, variables=["name"]).status == 422
    assert patch(template_id, subject="Hello {{ city }}", variables=["city", "name", "company", "email"]).status == 200


@pytest.mark.parametrize("field", ["name", "subject", "body", "variables", "is_ai_generated"])
def test_what_every_template_has_cannot_be_emptied(field: str) -> None:
    answer = patch(template(), **{field: None})

    assert answer.status == 422
    assert answer.json["errors"][0]["field"] == field


def test_a_stale_version_is_refused() -> None:
    template_id = template()
    assert patch(template_id, if_match='"1"', name="second").status == 200

    answer = patch(template_id, if_match='"1"', name="third")

    assert answer.status == 412
    assert call("templates/get_template", path={"template_id": template_id}).json["name"] == "second"


def test_changes_of_two_at_the_same_time_are_both_kept() -> None:
    template_id = template()

    with interrupted(lambda: patch(template_id, category="theirs"), operation="PutItem"):
        answer = patch(template_id, name="ours")

    assert (answer.json["name"], answer.json["category"]) == ("ours", "theirs")


def test_a_version_that_is_overtaken_is_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    template_id = template()
    with interrupted(lambda: patch(template_id, category="theirs"), operation="PutItem"):
        assert patch(template_id, if_match='"1"', name="ours").status == 412

    def always_stale(*_: Any) -> None:
        raise table.Stale("x")

    monkeypatch.setattr(table, "save", always_stale)
    assert patch(template_id, name="never").status == 429


def test_no_such_template_is_not_found() -> None:
    assert patch("01NOPE", name="x").status == 404
