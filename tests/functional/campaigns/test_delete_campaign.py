"""DELETE /campaigns/{campaign_id}."""

from __future__ import annotations

import pytest

from tests.functional.campaigns.campaigning import campaign, stand, step
from tests.functional.wire import interrupted, stored
from tests.harness import Answer, call


def delete(campaign_id: str, **headers: str) -> Answer:
    return call("campaigns/delete_campaign", path={"campaign_id": campaign_id}, headers=headers)


@pytest.mark.parametrize("status", ["draft", "completed"])
def test_a_campaign_goes_with_all_that_is_its_own(status: str) -> None:
    campaign_id = campaign()
    step(campaign_id)
    stand(campaign_id, status)

    assert delete(campaign_id).status == 204

    assert call("campaigns/get_campaign", path={"campaign_id": campaign_id}).status == 404
    assert call("campaigns/list_campaigns").json["items"] == []
    assert not [item for item in stored() if item["pk"]["S"] == f"CAMP#{campaign_id}"]


@pytest.mark.parametrize("status", ["active", "paused"])
def test_one_that_may_still_send_is_a_conflict(status: str) -> None:
    campaign_id = campaign()
    stand(campaign_id, status)

    answer = delete(campaign_id)

    assert answer.status == 409
    assert status in answer.json["detail"]


def test_a_step_that_is_added_meanwhile_goes_too() -> None:
    campaign_id = campaign()

    with interrupted(lambda: step(campaign_id)):
        assert delete(campaign_id).status == 204

    assert not [item for item in stored() if item["pk"]["S"] == f"CAMP#{campaign_id}"]


def test_a_stale_version_is_refused() -> None:
    campaign_id = campaign()
    assert delete(campaign_id, **{"if-match": '"7"'}).status == 412
    assert delete("01NOPE").status == 404
