"""POST /campaigns/{campaign_id}/steps."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.campaigns.schema import EmailSequenceStepEdit
from tests.functional.campaigns.campaigning import add, campaign, named, stand, step
from tests.functional.campaigns.mailing import template
from tests.functional.wire import interrupted
from tests.harness import call

OPENED_FIRST = {"field": "steps.1.opened", "op": "eq", "value": True}


def test_a_step_belongs_to_its_campaign() -> None:
    campaign_id, template_id = campaign(), template()

    answer = add(campaign_id, 1, template_id=template_id)

    assert answer.status == 201, answer.text
    EmailSequenceStepEdit.model_validate(answer.json)
    assert answer.headers["location"] == f"/campaigns/{campaign_id}/steps/{answer.json['id']}"
    shown = {name: answer.json[name] for name in ("campaign_id", "template_id", "step_number", "delay_hours")}
    assert shown == {"campaign_id": campaign_id, "template_id": template_id, "step_number": 1, "delay_hours": 0}
    assert answer.json["effects"] == []
    # The campaign's version names one state of its steps.
    assert call("campaigns/get_campaign", path={"campaign_id": campaign_id}).etag == '"2"'


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"step_number": 0}, "step_number"),
        ({"delay_hours": -1}, "delay_hours"),
        ({"delay_hours": 1.5}, "delay_hours"),
        ({"template_id": "01NOPE"}, "template_id"),
        ({"template_id": None}, "body"),
        ({"condition": {"field": "steps.2.opened", "op": "eq", "value": True}}, "condition.field"),
        ({"condition": {"field": "steps.1.read", "op": "eq", "value": True}}, "condition.field"),
        ({"variants": [{"template_id": "A"}]}, "variants"),
        ({"variants": [{"template_id": "A"}, {"template_id": "A"}]}, "variants"),
        ({"variants": [{"template_id": "A"}, {"template_id": "B"}], "template_id": None}, "variants"),
        ({"variants": [{"template_id": "A", "weight": 0}, {"template_id": "B"}]}, "variants.0.weight"),
    ],
)
def test_what_cannot_be_is_named(fields: dict[str, Any], field: str) -> None:
    assert field in named(add(campaign(), fields.pop("step_number", 2), **{"template_id": template(), **fields}))


def test_a_condition_asks_about_the_lead_and_earlier_steps() -> None:
    campaign_id = campaign()
    step(campaign_id)

    answer = add(campaign_id, 2, condition={"all": [OPENED_FIRST, {"field": "lead.score", "op": "gte", "value": 5}]})

    assert answer.status == 201, answer.text


def test_with_variants_the_template_is_the_first_unless_another_is_chosen() -> None:
    first, second, other = template(), template(), template()
    variants = [{"template_id": first, "weight": 3}, {"template_id": second}]

    assert add(campaign(), variants=variants).json["template_id"] == first
    chosen = add(campaign(), variants=variants, template_id=second).json
    assert (chosen["template_id"], chosen["variants"][1]) == (second, {"template_id": second, "weight": 1})
    assert named(add(campaign(), variants=variants, template_id=other)) == ["template_id"]


def test_a_number_is_taken_once_also_at_the_same_time() -> None:
    campaign_id = campaign()
    first = step(campaign_id, 3)

    answer = add(campaign_id, 3)

    assert (answer.status, first in answer.json["detail"]) == (409, True)
    template_id = template()
    with interrupted(lambda: step(campaign_id, 4, template_id=template_id)):
        assert add(campaign_id, 4, template_id=template_id).status == 409
    with interrupted(lambda: step(campaign_id, 5, template_id=template_id)):
        assert add(campaign_id, 6, template_id=template_id).status == 201


def test_in_a_launched_campaign_a_step_comes_after_those_that_have_begun() -> None:
    campaign_id = campaign()
    step(campaign_id, 2)
    stand(campaign_id, "active", begun=2)

    assert add(campaign_id, 1).status == 409
    answer = add(campaign_id, 3)
    assert answer.status == 201, answer.text
    assert [effect["field"] for effect in answer.json["effects"]] == ["step_number"]
    stand(campaign_id, "completed")
    assert add(campaign_id, 4).status == 409


def test_a_campaign_has_a_bounded_number_of_steps() -> None:
    campaign_id, template_id = campaign(), template()
    for number in range(1, 49):
        step(campaign_id, number, template_id=template_id)

    assert named(add(campaign_id, 49, template_id=template_id)) == ["step_number"]
    assert add("01NOPE", template_id=template_id).status == 404
