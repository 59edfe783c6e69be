"""POST /campaigns/{campaign_id}/audience."""

from __future__ import annotations

from typing import Any

from leadflow.campaigns.schema import AudiencePreview
from leadflow.campaigns.service import walking
from leadflow.core import seams
from tests.functional import wire
from tests.functional.campaigns.campaigning import campaign, made_lead, named, stand, step
from tests.functional.campaigns.mailing import MailService, email_channel, template
from tests.functional.campaigns.running import acted, ready, tally, work
from tests.functional.leads.people import patched
from tests.harness import call

NEW = {"field": "lead.status", "op": "eq", "value": "new"}


def preview(campaign_id: str, **body: Any) -> dict[str, Any]:
    """The preview, which leaves everything as it is."""
    before = wire.stored()
    answer = call("campaigns/preview_audience", body, path={"campaign_id": campaign_id}, scopes="campaigns:read")
    assert answer.status == 200, answer.text
    assert wire.stored() == before
    told: dict[str, Any] = answer.json
    AudiencePreview.model_validate(told)
    assert told["matched"] == told["count"] + sum(told["excluded"].values())
    return told


def test_everybody_is_counted_once_by_why_they_are_left_out() -> None:
    ids = [made_lead(number) for number in range(1, 8)]
    patched(ids[1], consent={"email": {"opted_in": False}})
    patched(ids[2], status="contacted")
    call("suppressions/add_suppression", {"channel": "email", "address": "lead4@example.com", "reason": "bounce"})
    patched(ids[4], tags=["vip"])
    vip = {"field": "lead.tags", "op": "contains", "value": "vip"}
    campaign_id = campaign(target_audience=NEW, exclusions={"condition": vip, "lead_ids": [ids[5]]})
    step(campaign_id)

    told = preview(campaign_id, sample=1)

    assert (told["count"], told["matched"], told["complete"]) == (2, 6, True)
    assert told["excluded"] == {"excluded": 2, "opted_out": 1, "suppressed:bounce": 1}
    [shown] = told["sample"]
    assert shown["id"] in (ids[0], ids[6])
    assert told["next_cursor"] is None


def test_the_preview_is_what_a_launch_then_does(mails: MailService) -> None:
    email_channel()
    ids = [made_lead(number) for number in range(1, 7)]
    patched(ids[0], consent={"email": {"opted_in": False}})
    first = ready(target_audience={"field": "lead.email", "op": "in", "value": ["lead3@example.com"]})
    acted(first, "launch_campaign")
    work()
    cap = {"max": 1, "per_hours": 24}
    campaign_id = ready(exclusions={"lead_ids": [ids[5]]}, frequency_cap=cap)
    other = ready(exclusions={"campaign_ids": [first]})
    told, of_other = preview(campaign_id), preview(other)

    for one in (campaign_id, other):
        acted(one, "launch_campaign")
    sent_before = len(mails.sent)
    work()

    assert (told["count"], told["excluded"]) == (3, {"excluded": 1, "frequency_cap": 1, "opted_out": 1})
    assert (of_other["count"], of_other["excluded"]) == (4, {"excluded": 1, "opted_out": 1})
    assert len(mails.sent) > sent_before
    assert tally(campaign_id) == {"accepted": 3, "frequency_cap": 1, "opted_out": 1}
    assert tally(other) == {"accepted": 4, "opted_out": 1}


def test_a_variable_that_some_leads_lack_is_told_with_their_count() -> None:
    for number in range(1, 5):
        made_lead(number, **({"company": "Acme"} if number == 1 else {}))
    body = {"subject": "To {{ company }}", "body": "<p>{{ company }} {{ name }} {{ city | default: 'you' }}</p>"}
    template_id = template(**body, variables=["company", "name", "city"])
    campaign_id = campaign()
    step(campaign_id, 1, template_id=template_id)
    step(campaign_id, 2)

    told = preview(campaign_id)

    assert told["missing_variables"] == [{"template_id": template_id, "variable": "company", "count": 3}]


def test_x10_leads_without_a_time_zone_are_counted() -> None:
    made_lead(1, timezone="Europe/Berlin")
    made_lead(2)
    campaign_id = campaign(send_window={"from": "09:00", "to": "10:00"}, timezone="Asia/Tokyo")

    assert preview(campaign_id)["without_timezone"] == 1
    assert preview(campaign_id)["count"] == 2


def test_a_long_audience_takes_several_calls_and_comes_to_the_same(cloud: seams.Seams) -> None:
    for number in range(1, 8):
        made_lead(number, **({"status": "contacted"} if number % 2 else {}))
    campaign_id = campaign(target_audience=NEW)
    step(campaign_id)
    whole = preview(campaign_id)
    cloud.kept["audience walk"] = walking.Bounds(seconds=-1, page=3)

    told = preview(campaign_id)
    calls = 1
    while told["next_cursor"]:
        assert not told["complete"]
        told = preview(campaign_id, cursor=told["next_cursor"])
        calls += 1

    assert calls == 3
    assert {**told, "sample": []} == {**whole, "sample": []}


def test_it_needs_an_audience_and_a_cursor_of_its_own() -> None:
    path = {"campaign_id": campaign(target_audience=None)}
    assert named(call("campaigns/preview_audience", path=path)) == ["target_audience"]
    path = {"campaign_id": campaign()}
    assert call("campaigns/preview_audience", {"cursor": "abc"}, path=path).status == 400
    assert call("campaigns/preview_audience", path={"campaign_id": "01NOPE"}).status == 404
    assert preview(path["campaign_id"])["count"] == 0
    stand(path["campaign_id"], "active")
    assert preview(path["campaign_id"])["complete"]
