"""GET /campaigns/{campaign_id}/steps."""

from __future__ import annotations

from leadflow.campaigns.schema import EmailSequenceStep
from tests.functional.campaigns.campaigning import campaign, step
from tests.harness import call


def test_steps_come_by_their_number_in_pages() -> None:
    campaign_id = campaign()
    third, first, second = (step(campaign_id, number) for number in (30, 2, 11))
    path = {"campaign_id": campaign_id}

    page = call("campaigns/list_steps", path=path, query={"limit": "2"}).json
    rest = call("campaigns/list_steps", path=path, query={"limit": "2", "cursor": page["next_cursor"]}).json

    assert [one["id"] for one in page["items"] + rest["items"]] == [first, second, third]
    EmailSequenceStep.model_validate(page["items"][0])
    assert rest["next_cursor"] is None


def test_a_page_goes_on_where_a_step_was_that_has_gone_meanwhile() -> None:
    campaign_id = campaign()
    steps = [step(campaign_id, number) for number in range(1, 6)]
    path = {"campaign_id": campaign_id}

    page = call("campaigns/list_steps", path=path, query={"limit": "2"}).json
    assert call("campaigns/delete_step", path={**path, "step_id": steps[1]}).status == 204
    rest = call("campaigns/list_steps", path=path, query={"limit": "2", "cursor": page["next_cursor"]}).json
    last = call("campaigns/list_steps", path=path, query={"limit": "2", "cursor": rest["next_cursor"]}).json

    assert [one["id"] for one in page["items"] + rest["items"] + last["items"]] == steps
    assert last["next_cursor"] is None


def test_no_such_campaign_is_not_found() -> None:
    assert call("campaigns/list_steps", path={"campaign_id": "01NOPE"}).status == 404
