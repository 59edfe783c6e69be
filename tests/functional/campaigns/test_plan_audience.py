"""The worker of a campaign's run: an audience put into cohorts."""

from __future__ import annotations

from leadflow.campaigns.store import cohorts as runs
from tests.functional.campaigns.mailing import MailService, email_channel, lead
from tests.functional.campaigns.running import acted, people, ready, recipients, take_announced, tally, work
from tests.functional.leads.announced import Impatient
from tests.functional.wire import interrupted
from tests.harness import call, door


def planned(campaign_id: str) -> list[str]:
    """The members that are in the cohorts of a campaign."""
    acted(campaign_id, "launch_campaign")
    for event in take_announced():
        door("campaigns/plan_audience")(event, None)
    return [one for cohort in runs.cohorts_of(campaign_id) for one in runs.members_of(cohort).lead_ids]


def test_a_worker_without_time_has_it_announced_again(mails: MailService) -> None:
    email_channel()
    people(1)
    campaign_id = ready()
    acted(campaign_id, "launch_campaign")
    [event] = take_announced()

    door("campaigns/plan_audience")(event, Impatient(0))

    assert take_announced()
    assert tally(campaign_id, 1) == {}


def test_the_audience_is_who_fits_and_is_not_excluded(mails: MailService) -> None:
    email_channel()
    fits = lead(name="Fits", email="fits@example.com", tags=["vip"])
    lead(name="Other", email="other@example.com")
    by_id = lead(name="By id", email="id@example.com", tags=["vip"])
    lead(name="By condition", email="condition@example.com", tags=["vip"], company="Rival")
    exclusions = {"lead_ids": [by_id], "condition": {"field": "lead.company", "op": "eq", "value": "rival"}}
    audience = {"field": "lead.tags", "op": "contains", "value": "vip"}

    assert planned(ready(target_audience=audience, exclusions=exclusions)) == [fits]


def test_who_had_mail_of_another_campaign_can_be_excluded(mails: MailService) -> None:
    email_channel()
    people(1)
    first = ready()
    acted(first, "launch_campaign")
    work()
    new = lead(name="New", email="new@example.com")

    assert planned(ready(exclusions={"campaign_ids": [first]})) == [new]


def test_a_merged_lead_is_one_member(mails: MailService) -> None:
    email_channel()
    one, other = people(2)
    call("leads/merge_leads", {"source_lead_id": other}, path={"lead_id": one})

    assert planned(ready()) == [one]


def test_who_comes_later_is_not_in_a_frozen_audience(mails: MailService) -> None:
    email_channel()
    people(1)
    campaign_id = ready()
    assert len(planned(campaign_id)) == 1

    lead(name="Late", email="late@example.com")
    work()

    assert recipients(mails) == ["lead1@example.com"]


def test_x05_two_workers_at_once_make_one_audience(mails: MailService) -> None:
    email_channel()
    people(5)
    campaign_id = ready()
    acted(campaign_id, "launch_campaign")
    [event] = take_announced()

    with interrupted(lambda: door("campaigns/plan_audience")(event, None)):
        door("campaigns/plan_audience")(event, None)
    work()

    assert tally(campaign_id) == {"accepted": 5}
    assert call("campaigns/get_campaign", path={"campaign_id": campaign_id}).json["total_recipients"] == 5
