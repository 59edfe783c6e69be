"""GET /templates/{template_id}."""

from __future__ import annotations

from tests.functional.campaigns.mailing import template
from tests.harness import call


def test_a_template_is_shown_with_its_version() -> None:
    template_id = template()

    answer = call("templates/get_template", path={"template_id": template_id}, scopes="campaigns:read")

    assert answer.status == 200
    assert answer.etag == '"1"'
    assert answer.json["id"] == template_id


def test_no_such_template_is_not_found() -> None:
    answer = call("templates/get_template", path={"template_id": "01NOPE"})

    assert answer.status == 404
    assert answer.json["detail"] == "There is no template 01NOPE."


def test_reading_needs_the_scope() -> None:
    assert call("templates/get_template", path={"template_id": "x"}, scopes="leads:read").status == 403
