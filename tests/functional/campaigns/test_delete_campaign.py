"""DELETE /campaigns/{campaign_id}."""

from __future__ import annotations

import pytest

from leadflow.campaigns import store
from leadflow.core import table
from tests.functional.campaigns.campaigning import campaign, named, patch, stand, step
from tests.functional.campaigns.mailing import MailService, email_channel, lead
from tests.functional.campaigns.running import (
    act,
    acted,
    lose_everything,
    people,
    ready,
    recipients,
    reconciled,
    take_announced,
    work,
)
from tests.functional.wire import Killed, interrupted, killed_at, stored
from tests.harness import Answer, Clock, call, door


def left(campaign_id: str) -> set[str]:
    """The kinds of items that are left of a campaign."""
    return {item["type"]["S"] for item in stored() if item["pk"]["S"] == f"CAMP#{campaign_id}"}


def delete(campaign_id: str, **headers: str) -> Answer:
    return call("campaigns/delete_campaign", path={"campaign_id": campaign_id}, headers=headers)


@pytest.mark.parametrize("status", ["draft", "completed"])
def test_a_campaign_goes_with_all_that_is_its_own(status: str, clock: Clock) -> None:
    campaign_id = campaign()
    step(campaign_id)
    stand(campaign_id, status)

    assert delete(campaign_id).status == 204

    assert call("campaigns/get_campaign", path={"campaign_id": campaign_id}).status == 404
    assert call("campaigns/list_campaigns").json["items"] == []
    assert left(campaign_id) == {"CampaignRemoval"}
    work()
    reconciled(clock)
    assert left(campaign_id) == set()


@pytest.mark.parametrize("status", ["active", "paused"])
def test_one_that_may_still_send_is_a_conflict(status: str) -> None:
    campaign_id = campaign()
    stand(campaign_id, status)

    answer = delete(campaign_id)

    assert answer.status == 409
    assert status in answer.json["detail"]


@pytest.mark.parametrize("status", ["active", "paused"])
def test_one_whose_people_a_running_campaign_leaves_out_stays(status: str) -> None:
    excluded, other = campaign(), campaign()
    campaign(exclusions={"campaign_ids": [other]})
    running = campaign(exclusions={"campaign_ids": [other, excluded]})
    stand(running, status)

    answer = delete(excluded)

    assert (answer.status, answer.json["other_id"]) == (409, running)
    assert running in answer.json["detail"]
    stand(running, "completed")
    assert delete(excluded).status == 204


def test_one_that_goes_as_another_begins_to_leave_its_people_out_stops_that_one(
    mails: MailService, clock: Clock
) -> None:
    email_channel()
    people(2)
    excluded = ready()
    acted(excluded, "launch_campaign")
    work()
    running = ready(exclusions={"campaign_ids": [excluded]}, audience_mode="evergreen")
    lead(name="New", email="new@example.com")

    with interrupted(lambda: acted(running, "launch_campaign")):
        assert delete(excluded).status == 204
    work()
    reconciled(clock)

    assert len(recipients(mails)) == 2
    shown = call("campaigns/get_campaign", path={"campaign_id": running}).json
    assert (shown["status"], excluded in shown["pause_reason"]) == ("paused", True)
    assert named(act(running, "resume_campaign")) == ["exclusions.campaign_ids"]
    assert patch(running, {"exclusions": None}).status == 200
    acted(running, "resume_campaign")
    work()
    reconciled(clock)
    assert len(recipients(mails)) == 5


def test_a_step_that_is_added_meanwhile_goes_too() -> None:
    campaign_id = campaign()

    with interrupted(lambda: step(campaign_id)):
        assert delete(campaign_id).status == 204

    assert left(campaign_id) == {"CampaignRemoval"}


def test_a_large_one_goes_in_pages_whoever_dies_and_however_often_it_is_announced(
    mails: MailService, clock: Clock
) -> None:
    email_channel()
    people(3)
    campaign_id = ready(steps=2)
    acted(campaign_id, "launch_campaign")
    work()
    for number in range(600):
        table.create(store.skipped_member(campaign_id, "S1", 1, f"L{number}", "lead_gone"))
    acted(campaign_id, "complete_campaign")
    work()
    assert delete(campaign_id).status == 204
    [announced] = take_announced()

    with killed_at(300, sent=False), pytest.raises(Killed):
        door("campaigns/plan_audience")(announced, None)
    assert 0 < len(stored("SkippedMember")) < 600
    lose_everything()
    reconciled(clock, minutes=5)
    assert left(campaign_id) == {"CampaignRemoval"}
    door("campaigns/plan_audience")(announced, None)

    # What a worker writes that was at the campaign when it was deleted goes by the last look.
    table.create(store.skipped_member(campaign_id, "S1", 1, "L1", "lead_gone"))
    reconciled(clock, minutes=15)
    assert left(campaign_id) == {"CampaignRemoval"}
    reconciled(clock, minutes=15)
    assert left(campaign_id) == set()
    assert stored("EmailSent")


def test_a_stale_version_is_refused() -> None:
    campaign_id = campaign()
    assert delete(campaign_id, **{"if-match": '"7"'}).status == 412
    assert delete("01NOPE").status == 404
