"""DELETE /templates/{template_id}."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.core import table
from leadflow.core.errors import NotFound
from tests.functional.campaigns.campaigning import campaign, stand, step
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


def test_a_template_that_a_campaign_is_still_to_send_stays() -> None:
    template_id, variant = template(), template()
    first, second = campaign(), campaign()
    step(first, 2, template_id=template_id)
    step_id = step(second, 1, variants=[{"template_id": template()}, {"template_id": variant}])

    refused = delete(template_id)
    assert (refused.status, refused.json["other_id"]) == (409, first)
    assert f"step 2 of campaign {first}" in refused.json["detail"]
    assert delete(variant).json["other_id"] == second
    for status in ("active", "paused"):
        stand(first, status)
        assert delete(template_id).status == 409
    stand(first, "completed")
    assert delete(template_id).status == 204
    assert call("campaigns/delete_step", path={"campaign_id": second, "step_id": step_id}).status == 204
    assert delete(variant).status == 204


def test_of_many_campaigns_some_are_named() -> None:
    template_id = template()
    for _ in range(7):
        step(campaign(), template_id=template_id)

    refused = delete(template_id)

    assert (refused.status, refused.json["detail"].count("step 1 of"), "and 2 more" in refused.json["detail"]) == (
        409,
        5,
        True,
    )


def test_all_campaigns_are_looked_at() -> None:
    template_id = template()
    step(campaign(), template_id=template_id)
    for _ in range(100):
        campaign()

    assert delete(template_id).status == 409


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
