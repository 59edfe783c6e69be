"""PATCH /campaigns/{campaign_id}."""

from __future__ import annotations

import pytest

from leadflow.campaigns.schema import EmailCampaignEdit
from tests.functional.campaigns.campaigning import EVERYONE, campaign, named, patch, stand, step
from tests.functional.campaigns.mailing import email_channel
from tests.functional.campaigns.running import acted, ready
from tests.functional.wire import interrupted
from tests.harness import Clock, call

WINDOW = {"from": "09:00", "to": "17:00"}


def test_fields_given_change_and_others_stay(clock: Clock) -> None:
    campaign_id = campaign(description="old")
    clock.advance(seconds=5)

    answer = patch(campaign_id, {"name": "New", "description": None, "send_window": WINDOW})

    assert answer.status == 200, answer.text
    EmailCampaignEdit.model_validate(answer.json)
    assert answer.etag == '"2"'
    assert (answer.json["name"], answer.json["description"]) == ("New", None)
    assert answer.json["target_audience"] == EVERYONE
    assert answer.json["effects"] == []
    shown = call("campaigns/get_campaign", path={"campaign_id": campaign_id}).json
    assert shown == {name: value for name, value in answer.json.items() if name != "effects"}
    assert shown["updated_at"] == "2026-03-02T09:00:05.000Z"


@pytest.mark.parametrize("field", ["name", "audience_mode", "timezone", "stop_on_reply", "unknown_policy"])
def test_what_every_campaign_has_cannot_be_emptied(field: str) -> None:
    assert named(patch(campaign(), {field: None})) == [field]


def test_what_an_object_leaves_out_has_its_default() -> None:
    answer = patch(campaign(), {"auto_pause": {"max_bounce_rate": 0.1}})

    assert answer.json["auto_pause"] == {"max_bounce_rate": 0.1, "max_complaint_rate": None, "min_sent": 100}


def test_a_change_is_checked_as_a_creation_is() -> None:
    campaign_id = campaign()

    assert named(patch(campaign_id, {"exclusions": {"campaign_ids": [campaign_id]}})) == ["exclusions.campaign_ids"]
    assert named(patch(campaign_id, {"target_audience": {"field": "lead.x", "op": "exists"}})) == [
        "target_audience.field"
    ]
    assert named(patch(campaign_id, {})) == ["body"]


def test_an_edit_of_a_launched_campaign_says_what_it_does() -> None:
    email_channel()
    campaign_id = ready()
    acted(campaign_id, "launch_campaign")

    told = patch(campaign_id, {"send_window": WINDOW, "name": "x"}, query={"dry_run": "true"})

    assert told.status == 200, told.text
    assert [effect["field"] for effect in told.json["effects"]] == ["send_window"]
    assert "not sent yet" in told.json["effects"][0]["effect"]
    assert told.json["send_window"]["from"] == "09:00"
    assert call("campaigns/get_campaign", path={"campaign_id": campaign_id}).json["send_window"] is None
    done = patch(campaign_id, {"send_window": WINDOW, "name": "x"})
    assert done.json["effects"] == told.json["effects"]
    assert call("campaigns/get_campaign", path={"campaign_id": campaign_id}).json["name"] == "x"


@pytest.mark.parametrize("field", ["target_audience", "exclusions"])
def test_a_frozen_audience_is_not_changed(field: str) -> None:
    campaign_id = campaign()
    stand(campaign_id, "paused")

    answer = patch(campaign_id, {field: {"condition": None} if field == "exclusions" else {"any": []}, "name": "x"})

    assert answer.status == 409
    assert field in answer.json["detail"]
    assert call("campaigns/get_campaign", path={"campaign_id": campaign_id}).json["name"] == "Spring"
    assert patch(campaign_id, {"target_audience": EVERYONE}).status == 200


def test_an_evergreen_audience_may_change() -> None:
    email_channel()
    campaign_id = ready(audience_mode="evergreen")
    acted(campaign_id, "launch_campaign")

    answer = patch(campaign_id, {"target_audience": {"any": []}})

    assert answer.status == 200, answer.text
    assert answer.json["effects"][0]["field"] == "target_audience"
    assert patch(campaign_id, {"audience_mode": "snapshot"}).status == 409


def test_of_a_completed_campaign_only_its_words_change() -> None:
    campaign_id = campaign()
    stand(campaign_id, "completed")

    assert patch(campaign_id, {"rate_per_hour": 5}).status == 409
    answer = patch(campaign_id, {"name": "Done", "description": "It went well"})
    assert (answer.status, answer.json["effects"]) == (200, [])


def test_a_stale_version_is_refused_and_rivals_are_both_kept() -> None:
    campaign_id = campaign()
    with interrupted(lambda: patch(campaign_id, {"description": "theirs"}), operation="PutItem"):
        answer = patch(campaign_id, {"name": "ours"})

    assert (answer.json["name"], answer.json["description"]) == ("ours", "theirs")
    assert patch(campaign_id, {"name": "late"}, headers={"if-match": '"1"'}).status == 412
    assert patch("01NOPE", {"name": "x"}).status == 404


def test_the_audience_of_a_launched_campaign_cannot_be_emptied() -> None:
    campaign_id = campaign(audience_mode="evergreen")
    assert patch(campaign_id, {"target_audience": None}).status == 200
    assert patch(campaign_id, {"target_audience": EVERYONE}).status == 200
    email_channel()
    step(campaign_id)
    acted(campaign_id, "launch_campaign")

    assert named(patch(campaign_id, {"target_audience": None})) == ["target_audience"]
