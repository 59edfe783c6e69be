"""PATCH /campaigns/{campaign_id}/steps/{step_id}."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.campaigns.schema import EmailSequenceStepEdit
from tests.functional.campaigns.campaigning import campaign, named, patch_step, stand, step
from tests.functional.campaigns.mailing import template
from tests.harness import call


def shown(campaign_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = call("campaigns/list_steps", path={"campaign_id": campaign_id}).json["items"]
    return items


def test_fields_given_change_and_others_stay() -> None:
    campaign_id = campaign()
    step_id = step(campaign_id, 1, delay_hours=5)

    answer = patch_step(campaign_id, step_id, {"step_number": 4, "condition": {"all": []}})

    assert answer.status == 200, answer.text
    EmailSequenceStepEdit.model_validate(answer.json)
    assert (answer.etag, answer.json["step_number"], answer.json["delay_hours"]) == ('"2"', 4, 5)
    assert shown(campaign_id) == [{name: value for name, value in answer.json.items() if name != "effects"}]
    assert patch_step(campaign_id, step_id, {"step_number": 4}).etag == '"2"'
    assert patch_step(campaign_id, step_id, {"condition": None}).json["condition"] is None


@pytest.mark.parametrize("field", ["step_number", "delay_hours", "template_id", "variants"])
def test_what_every_step_has_cannot_be_emptied(field: str) -> None:
    campaign_id = campaign()

    assert named(patch_step(campaign_id, step(campaign_id), {field: None})) == [field]


def test_a_change_is_checked_together_with_what_stays() -> None:
    campaign_id = campaign()
    step(campaign_id, 1)
    second = step(campaign_id, 3, condition={"field": "steps.1.clicked", "op": "eq", "value": False})

    assert patch_step(campaign_id, second, {"step_number": 1}).status == 422
    assert named(patch_step(campaign_id, second, {"template_id": "01NOPE"})) == ["template_id"]
    variants = [{"template_id": template()}, {"template_id": template()}]
    done = patch_step(campaign_id, second, {"variants": variants})
    assert done.json["template_id"] == variants[0]["template_id"]
    assert named(patch_step(campaign_id, second, {"template_id": template()})) == ["template_id"]
    assert patch_step(campaign_id, second, {"template_id": variants[1]["template_id"]}).status == 200
    assert patch_step(campaign_id, second, {"variants": []}).json["template_id"] == variants[1]["template_id"]


def test_a_step_that_another_asks_about_keeps_its_number() -> None:
    campaign_id = campaign()
    first = step(campaign_id, 1)
    second = step(campaign_id, 2, condition={"not": {"any": [{"field": "steps.1.opened", "op": "eq", "value": True}]}})

    answer = patch_step(campaign_id, first, {"step_number": 7})

    assert (answer.status, second in answer.json["detail"] or "step 2" in answer.json["detail"]) == (409, True)
    assert patch_step(campaign_id, second, {"step_number": 7}).status == 200
    assert patch_step(campaign_id, second, {"step_number": 1}).status == 422


def test_a_begun_step_stays_and_a_later_one_may_change() -> None:
    campaign_id = campaign()
    begun, later = step(campaign_id, 1), step(campaign_id, 2)
    stand(campaign_id, "active", begun=1)

    refused = patch_step(campaign_id, begun, {"delay_hours": 9})
    told = patch_step(campaign_id, later, {"delay_hours": 9}, query={"dry_run": "true"})

    assert (refused.status, "going out" in refused.json["detail"]) == (409, True)
    assert [effect["field"] for effect in told.json["effects"]] == ["delay_hours"]
    assert shown(campaign_id)[1]["delay_hours"] == 0
    assert patch_step(campaign_id, later, {"delay_hours": 9}).json["effects"] == told.json["effects"]
    assert shown(campaign_id)[1]["delay_hours"] == 9


def test_a_stale_version_is_refused() -> None:
    campaign_id = campaign()
    step_id = step(campaign_id)
    assert patch_step(campaign_id, step_id, {"delay_hours": 1}, headers={"if-match": '"9"'}).status == 412
    assert patch_step(campaign_id, "01NOPE", {"delay_hours": 1}).status == 404
