"""DELETE /templates/{template_id}."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.core import table
from leadflow.core.errors import NotFound
from tests.functional.campaigns.mailing import email_channel, lead, send, template
from tests.functional.wire import interrupted, stored
from tests.harness import Answer, call


def delete(template_id: str, if_match: str | None = None, scopes: str = "campaigns:write") -> Answer:
    headers = {} if if_match is None else {"if-match": if_match}
    return call("templates/delete_template", path={"template_id": template_id}, headers=headers, scopes=scopes)


def test_a_template_is_gone_after_it() -> None:
    template_id = template()

    answer = delete(template_id)

    assert (answer.status, answer.text) == (204, "")
    assert stored("EmailTemplate") == []
    assert delete(template_id).status == 404


def test_a_stale_version_is_not_deleted() -> None:
    template_id = template()

    assert delete(template_id, if_match='"2"').status == 412
    assert delete(template_id, if_match='"1"').status == 204


def test_who_deletes_without_a_version_deletes_also_what_has_just_changed() -> None:
    template_id = template()

    def change() -> None:
        call("templates/update_template", {"name": "new"}, path={"template_id": template_id})

    with interrupted(change, operation="DeleteItem"):
        assert delete(template_id).status == 204
    assert stored("EmailTemplate") == []


def test_a_send_with_a_deleted_template_says_so() -> None:
    email_channel()
    template_id, lead_id = template(), lead()
    delete(template_id)

    with pytest.raises(NotFound, match=template_id):
        send(lead_id, template_id)
    assert stored("EmailSent") == []


def test_endless_rivals_end_in_too_many_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    def always_stale(*_: Any) -> None:
        raise table.Stale("x")

    monkeypatch.setattr(table, "remove", always_stale)

    assert delete(template()).status == 429


def test_deleting_needs_the_scope() -> None:
    assert delete("x", scopes="campaigns:read").status == 403
