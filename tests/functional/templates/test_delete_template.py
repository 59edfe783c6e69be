"""DELETE /templates/{template_id}."""

from __future__ import annotations

import pytest

from leadflow.core.errors import NotFound
from tests.functional.campaigns.campaigning import add, campaign, named, stand, step
from tests.functional.campaigns.mailing import email_channel, lead, send, template
from tests.functional.wire import interrupted, refused, stored
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

    with interrupted(change):
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


@pytest.mark.parametrize("earlier", [0, 2])
def test_a_template_that_a_step_comes_to_name_meanwhile_stays(earlier: int) -> None:
    template_id, campaign_id = template(), campaign()
    for number in range(earlier):
        step_id = step(campaign_id, number + 1, template_id=template_id)
        assert call("campaigns/delete_step", path={"campaign_id": campaign_id, "step_id": step_id}).status == 204

    with interrupted(lambda: step(campaign_id, template_id=template_id)):
        refused = delete(template_id)

    assert (refused.status, refused.json["other_id"]) == (409, campaign_id)
    assert len(stored("EmailTemplate")) == 1
    stand(campaign_id, "completed")
    assert delete(template_id).status == 204
    assert [item for item in stored() if item["pk"]["S"] == f"TPL#{template_id}"] == []


@pytest.mark.parametrize("as_variant", [False, True])
def test_a_step_does_not_come_to_name_a_template_that_goes_meanwhile(*, as_variant: bool) -> None:
    template_id, kept, campaign_id = template(), template(), campaign()
    step_id = step(campaign_id, 1, template_id=kept)
    fields = {"variants": [{"template_id": kept}, {"template_id": template_id}]} if as_variant else {}
    with interrupted(lambda: delete(template_id)):
        added = add(campaign_id, 2, **(fields or {"template_id": template_id}))
    assert named(added) == ["variants" if as_variant else "template_id"]

    other = template()
    changes = {"variants": [{"template_id": kept}, {"template_id": other}]} if as_variant else {"template_id": other}
    path = {"campaign_id": campaign_id, "step_id": step_id}
    with interrupted(lambda: delete(other)):
        changed = call("campaigns/update_step", changes, path=path)
    assert named(changed) == ["variants" if as_variant else "template_id"]
    [left] = call("campaigns/list_steps", path={"campaign_id": campaign_id}).json["items"]
    assert (left["template_id"], left["variants"]) == (kept, [])


def test_a_step_keeps_its_template_at_its_version() -> None:
    template_id = template()
    step(campaign(), template_id=template_id)
    assert call("templates/get_template", path={"template_id": template_id}).etag == '"1"'


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


def test_endless_rivals_end_in_too_many_requests() -> None:
    template_id = template()

    with refused(["ConditionalCheckFailed"], times=8):
        assert delete(template_id).status == 429


def test_deleting_needs_the_scope() -> None:
    assert delete("x", scopes="campaigns:read").status == 403
