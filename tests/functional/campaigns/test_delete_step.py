"""DELETE /campaigns/{campaign_id}/steps/{step_id}."""

from __future__ import annotations

from tests.functional.campaigns.campaigning import campaign, stand, step
from tests.functional.campaigns.mailing import MailService, email_channel
from tests.functional.campaigns.running import act, acted, people, ready, recipients, status, work
from tests.harness import Answer, call


def delete(campaign_id: str, step_id: str, **headers: str) -> Answer:
    path = {"campaign_id": campaign_id, "step_id": step_id}
    return call("campaigns/delete_step", path=path, headers=headers)


def test_a_step_goes() -> None:
    campaign_id = campaign()
    step_id = step(campaign_id)

    assert delete(campaign_id, step_id, **{"if-match": '"9"'}).status == 412
    assert delete(campaign_id, step_id).status == 204

    assert call("campaigns/list_steps", path={"campaign_id": campaign_id}).json["items"] == []
    assert delete(campaign_id, step_id).status == 404


def test_a_step_that_another_asks_about_stays() -> None:
    campaign_id = campaign()
    first = step(campaign_id, 1)
    second = step(campaign_id, 2, condition={"field": "steps.1.replied", "op": "eq", "value": True})

    assert delete(campaign_id, first).status == 409
    assert delete(campaign_id, second).status == 204
    assert delete(campaign_id, first).status == 204


def test_a_begun_step_stays() -> None:
    campaign_id = campaign()
    begun, later = step(campaign_id, 1), step(campaign_id, 2)
    stand(campaign_id, "active", begun=1)

    assert delete(campaign_id, begun).status == 409
    assert delete(campaign_id, later).status == 204
    stand(campaign_id, "completed")
    assert delete(campaign_id, begun).status == 409


def test_the_only_step_of_an_active_campaign_stays_so_that_its_audience_is_not_lost(mails: MailService) -> None:
    email_channel()
    people(2)
    campaign_id = ready()
    [only] = call("campaigns/list_steps", path={"campaign_id": campaign_id}).json["items"]
    acted(campaign_id, "launch_campaign")

    refused = delete(campaign_id, only["id"])
    assert (refused.status, refused.json["other_id"]) == (409, campaign_id)

    acted(campaign_id, "pause_campaign")
    assert delete(campaign_id, only["id"]).status == 204
    assert act(campaign_id, "resume_campaign").status == 422
    step(campaign_id)
    acted(campaign_id, "resume_campaign")
    work()
    assert (len(recipients(mails)), status(campaign_id)) == (2, "completed")
