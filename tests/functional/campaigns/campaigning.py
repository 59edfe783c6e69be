"""Campaigns made over their own doors."""

from __future__ import annotations

from typing import Any

from tests.functional.campaigns.mailing import template
from tests.harness import Answer, call

EVERYONE: dict[str, Any] = {"all": []}


def campaign(**fields: Any) -> str:
    """The id of a new draft, for everyone unless told otherwise."""
    answer = call("campaigns/create_campaign", {"name": "Spring", "target_audience": EVERYONE, **fields})
    assert answer.status == 201, answer.text
    return str(answer.json["id"])


def add(campaign_id: str, step_number: int = 1, **fields: Any) -> Answer:
    """A step of a campaign, of a new template unless one is given."""
    if "template_id" not in fields and "variants" not in fields:
        fields["template_id"] = template()
    return call("campaigns/add_step", {"step_number": step_number, **fields}, path={"campaign_id": campaign_id})


def step(campaign_id: str, step_number: int = 1, **fields: Any) -> str:
    """The id of a new step."""
    answer = add(campaign_id, step_number, **fields)
    assert answer.status == 201, answer.text
    return str(answer.json["id"])


def patch(campaign_id: str, changes: dict[str, Any], **more: Any) -> Answer:
    return call("campaigns/update_campaign", changes, path={"campaign_id": campaign_id}, **more)


def patch_step(campaign_id: str, step_id: str, changes: dict[str, Any], **more: Any) -> Answer:
    path = {"campaign_id": campaign_id, "step_id": step_id}
    return call("campaigns/update_step", changes, path=path, **more)


def stand(campaign_id: str, status: str, *, begun: int | None = None) -> None:
    """Puts a campaign into a status as a launch would; the step of this number has begun then."""
    from leadflow.campaigns import store
    from leadflow.core import table

    found = store.find_campaign(campaign_id)
    assert found is not None
    found.status = status
    table.save(found)
    for one in store.steps_of(campaign_id):
        if one.step_number == begun:
            store.begin_step(one)


def named(answer: Answer) -> list[str]:
    """The fields that a 422 names."""
    assert answer.status == 422, answer.text
    return [error["field"] for error in answer.json["errors"]]
