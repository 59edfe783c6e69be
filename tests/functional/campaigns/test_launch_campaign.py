"""POST /campaigns/{campaign_id}/launch."""

from __future__ import annotations

from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.schema import EmailCampaignLaunch
from leadflow.campaigns.service import walking
from leadflow.core import seams, table
from tests.functional.campaigns.campaigning import campaign, named, patch, stats, step
from tests.functional.campaigns.mailing import MailService, email_channel, lead, template
from tests.functional.campaigns.running import act, acted, people, ready, recipients, status, work
from tests.functional.wire import interrupted
from tests.harness import call


def test_a_draft_begins_once() -> None:
    email_channel()
    campaign_id = ready()

    answer = act(campaign_id, "launch_campaign")

    assert answer.status == 202, answer.text
    EmailCampaignLaunch.model_validate(answer.json)
    assert (answer.json["status"], answer.json["started_at"]) == ("active", "2026-03-02T09:00:00.000Z")
    again = act(campaign_id, "launch_campaign")
    assert (again.status, "only a draft" in again.json["detail"]) == (409, True)
    assert act("01NOPE", "launch_campaign").status == 404


def test_all_that_is_missing_is_named() -> None:
    assert named(act(campaign(target_audience=None), "launch_campaign")) == ["target_audience", "steps", "channel_id"]
    channel_id = email_channel()
    campaign_id, template_id = campaign(), template()
    step(campaign_id, 3, template_id=template_id)
    found = store.find_template(template_id)
    assert found is not None
    table.remove(found)
    assert named(act(campaign_id, "launch_campaign")) == ["steps.3.template_id"]
    assert channel_id


def test_a_campaign_whose_people_are_excluded_must_be_there_still() -> None:
    email_channel()
    gone, kept = campaign(), campaign()
    campaign_id = ready(exclusions={"campaign_ids": [gone, kept]})
    assert call("campaigns/delete_campaign", path={"campaign_id": gone}).status == 204

    refused = act(campaign_id, "launch_campaign")

    assert named(refused) == ["exclusions.campaign_ids"]
    assert gone in refused.json["errors"][0]["message"]
    assert patch(campaign_id, {"exclusions": {"campaign_ids": [kept]}}).status == 200
    assert act(campaign_id, "launch_campaign").status == 202


def test_it_needs_the_right_to_send() -> None:
    email_channel()
    path = {"campaign_id": ready()}
    assert call("campaigns/launch_campaign", path=path, scopes="campaigns:write").status == 403
    assert call("campaigns/launch_campaign", path=path, scopes="campaigns:send").status == 202


def test_x24_what_mails_would_leave_a_gap_for_is_told_with_the_launch(mails: MailService) -> None:
    email_channel()
    people(3, company="Acme")
    lead(name="Ada", email="ada@example.com")
    told = acted(lacking(), "launch_campaign")

    EmailCampaignLaunch.model_validate(told)
    assert [(one["variable"], one["count"]) for one in told["missing_variables"]] == [("city", 4), ("company", 1)]
    assert (told["leads_looked_at"], told["all_looked_at"]) == (4, True)


def test_x24_of_a_long_audience_the_stats_count_the_rest(mails: MailService, cloud: seams.Seams) -> None:
    email_channel()
    people(5)
    cloud.kept["audience walk"] = walking.Bounds(launch_seconds=-1, page=2)
    campaign_id = lacking(target_audience={"field": "lead.email", "op": "ne", "value": "lead2@example.com"})
    told = acted(campaign_id, "launch_campaign")

    assert (told["all_looked_at"], told["leads_looked_at"] <= 2) == (False, True)
    assert stats(campaign_id)["missing_variables"] == []
    work()
    counted = stats(campaign_id)["missing_variables"]
    assert [(one["variable"], one["count"]) for one in counted] == [("city", 4), ("company", 4)]


def lacking(**fields: Any) -> str:
    """A draft whose second mail wants what leads may not have, beside what has a default."""
    campaign_id = campaign(**fields)
    step(campaign_id, 1)
    body = "<p>{{ company }} {{ name }} {{ town | default: 'you' }}{% if custom.city %}{{ custom.city }}{% endif %}</p>"
    variables = ["company", "name", "town", "city"]
    step(campaign_id, 2, template_id=template(subject="To {{ city }}", body=body, variables=variables))
    return campaign_id


def test_two_at_once_begin_one(mails: MailService) -> None:
    email_channel()
    people(2)
    campaign_id = ready()

    with interrupted(lambda: acted(campaign_id, "launch_campaign")):
        assert act(campaign_id, "launch_campaign").status == 409
    work()

    assert len(recipients(mails)) == 2


def test_nobody_at_all_is_a_campaign_that_is_done(mails: MailService) -> None:
    email_channel()
    lead()
    campaign_id = ready(target_audience={"field": "lead.tags", "op": "contains", "value": "none"})

    acted(campaign_id, "launch_campaign")
    work()

    assert status(campaign_id) == "completed"
    assert mails.sent == []
