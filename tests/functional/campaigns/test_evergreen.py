"""Evergreen campaigns: who comes to fit after the launch joins once, in a cohort of their own."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from leadflow.campaigns.service import joining, recounting
from leadflow.campaigns.store import cohorts as runs
from leadflow.core import aws
from tests.functional import wire
from tests.functional.campaigns.campaigning import patch, stats, step
from tests.functional.campaigns.mailing import MailService, email_channel, lead
from tests.functional.campaigns.running import (
    act,
    acted,
    is_at_rest,
    lose_everything,
    people,
    ready,
    recipients,
    reconciled,
    schedules,
    send,
    status,
    take_delayed,
    tally,
    work,
)
from tests.functional.leads import announced
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call

VIP = {"field": "lead.tags", "op": "contains", "value": "vip"}


@pytest.fixture(autouse=True)
def channel(mails: MailService) -> None:
    email_channel()


def launched(**fields: Any) -> str:
    campaign_id = ready(audience_mode="evergreen", **fields)
    acted(campaign_id, "launch_campaign")
    work()
    return campaign_id


def joined(engine: Engine, clock: Clock) -> None:
    """What leads did is read, and the time in which they share a cohort is over."""
    engine.deliver()
    coming = take_delayed()
    clock.advance(seconds=joining.WINDOW.total_seconds() + 1)
    for body in coming:
        send(body)
    work()


def change(lead_id: str, **fields: Any) -> None:
    assert call("leads/update_lead", fields, path={"lead_id": lead_id}).status == 200


def without_address(lead_id: str) -> None:
    """Leaves the lead as one that came by another channel."""
    aws.client("dynamodb").update_item(
        TableName=os.environ["TABLE_NAME"],
        Key={"pk": {"S": f"LEAD#{lead_id}"}, "sk": {"S": "#META"}},
        UpdateExpression="REMOVE email ADD v :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )


def cohorts(campaign_id: str) -> list[int]:
    return sorted(int(one.size) for one in runs.cohorts_of(campaign_id))


def test_who_fits_at_the_launch_and_who_comes_later_get_every_step_once(
    mails: MailService, clock: Clock, engine: Engine
) -> None:
    people(2, tags=["vip"])
    campaign_id = launched(steps=2, target_audience=VIP)
    assert sorted(recipients(mails)) == ["lead1@example.com", "lead2@example.com"]

    clock.advance(hours=1)
    lead(name="Late", email="late@example.com", tags=["vip"])
    other = lead(name="Other", email="other@example.com")
    joined(engine, clock)
    assert tally(campaign_id, 1) == {"accepted": 3}
    change(other, tags=["vip"])
    joined(engine, clock)

    assert tally(campaign_id, 1) == {"accepted": 4}
    assert sorted(one["ScheduleExpression"] for one in schedules()) == [
        "at(2026-03-03T09:00:00)",
        "at(2026-03-03T10:01:01)",
        "at(2026-03-03T10:02:02)",
    ]
    for _ in range(2):
        reconciled(clock, hours=25)
    engine.deliver()
    told = stats(campaign_id)
    assert (told["audience"], told["pending"]) == (4, 0)
    assert tally(campaign_id, 2) == {"accepted": 4}
    assert len(recipients(mails)) == 8
    assert status(campaign_id) == "active"
    assert recounting.recount_campaign(campaign_id) == (0, 0)


def test_who_comes_within_a_minute_shares_a_cohort_and_an_idle_campaign_waits_for_nothing(
    clock: Clock, engine: Engine
) -> None:
    campaign_id = launched(steps=2)
    assert (cohorts(campaign_id), schedules()) == ([], [])
    assert is_at_rest(campaign_id)

    for number in range(1, 4):
        lead(name="Lead", email=f"lead{number}@example.com")
        engine.deliver()
        clock.advance(seconds=15)
    assert cohorts(campaign_id) == []
    joined(engine, clock)

    assert cohorts(campaign_id) == [3, 3]
    assert len(schedules()) == 1
    assert is_at_rest(campaign_id)


@pytest.mark.parametrize("seed", range(4))
def test_changes_read_twice_and_in_any_order_let_everybody_join_once(
    mails: MailService, clock: Clock, engine: Engine, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - the order of a test
    campaign_id = launched(target_audience=VIP)
    ids = people(5)
    for lead_id in chance.sample(ids, 4):
        change(lead_id, tags=["vip"])
        change(lead_id, company=f"Company {chance.randrange(9)}")
    records = engine.changes()
    told = [*records, *chance.sample(records, len(records) // 2)]
    chance.shuffle(told)
    while told:
        many = chance.randint(1, 6)
        engine.deliver(told[:many])
        told = told[many:]
        if chance.random() < 0.3:
            clock.advance(seconds=40)
            work()

    joined(engine, clock)

    assert tally(campaign_id) == {"accepted": 4}
    assert len(recipients(mails)) == 4
    assert stats(campaign_id)["audience"] == 4


def test_who_does_not_fit_any_more_when_it_is_read_does_not_join(clock: Clock, engine: Engine) -> None:
    campaign_id = launched(target_audience=VIP)
    lead_id = lead(name="Ada", email="ada@example.com", tags=["vip"])
    change(lead_id, tags=[])

    joined(engine, clock)

    assert cohorts(campaign_id) == []


def test_exclusions_and_suppressions_hold_for_who_joins(mails: MailService, clock: Clock, engine: Engine) -> None:
    exclusions = {"condition": {"field": "lead.company", "op": "eq", "value": "rival"}}
    campaign_id = launched(exclusions=exclusions)
    lead(name="Rival", email="rival@example.com", company="Rival")
    without_address(lead(name="Nobody", email="nobody@example.com"))
    lead(name="Out", email="out@example.com", consent={"email": {"opted_in": False}})

    joined(engine, clock)

    assert tally(campaign_id) == {"opted_out": 1}
    assert recipients(mails) == []


def test_who_has_no_address_joins_when_there_is_one(mails: MailService, clock: Clock, engine: Engine) -> None:
    lead_id = lead()
    without_address(lead_id)
    campaign_id = launched()
    assert cohorts(campaign_id) == []

    change(lead_id, email="ada@second.example.com")
    joined(engine, clock)

    assert recipients(mails) == ["ada@second.example.com"]


def test_nobody_joins_twice_by_another_address_or_by_an_address_that_joined(
    mails: MailService, clock: Clock, engine: Engine
) -> None:
    campaign_id = launched()
    lead_id = lead(name="Ada", email="ada@example.com")
    joined(engine, clock)
    change(lead_id, email="ada@new.example.com")
    lead(name="Another", email="ada@example.com")

    joined(engine, clock)

    assert recipients(mails) == ["ada@example.com"]
    assert stats(campaign_id)["audience"] == 1


def test_a_merged_lead_whose_part_is_a_member_does_not_join_again(
    mails: MailService, clock: Clock, engine: Engine
) -> None:
    campaign_id = launched(target_audience=VIP)
    member = lead(name="Ada", email="ada@example.com", tags=["vip"])
    joined(engine, clock)
    other = lead(name="Ada L", email="al@example.com")
    call("leads/merge_leads", {"source_lead_id": member}, path={"lead_id": other})

    joined(engine, clock)

    assert stats(campaign_id)["audience"] == 1
    assert recipients(mails) == ["ada@example.com"]


def test_who_comes_while_it_is_paused_joins_when_it_goes_on(mails: MailService, clock: Clock, engine: Engine) -> None:
    campaign_id = launched()
    acted(campaign_id, "pause_campaign")
    lead(name="Ada", email="ada@example.com")
    joined(engine, clock)
    clock.advance(days=1)
    assert (cohorts(campaign_id), recipients(mails)) == ([], [])

    acted(campaign_id, "resume_campaign")
    work()

    assert recipients(mails) == ["ada@example.com"]


@pytest.mark.parametrize("action", ["complete_campaign", "delete_campaign"])
def test_nobody_joins_what_is_over(mails: MailService, clock: Clock, engine: Engine, action: str) -> None:
    campaign_id = launched()
    acted(campaign_id, "complete_campaign")
    if action == "delete_campaign":
        assert act(campaign_id, action).status == 204
        work()
    lead(name="Ada", email="ada@example.com")

    joined(engine, clock)

    assert recipients(mails) == []
    assert "CampaignMember" not in wire.counts()
    assert "ListeningCampaign" not in wire.counts()


def test_another_audience_is_asked_of_all_leads_again(mails: MailService, clock: Clock, engine: Engine) -> None:
    lead(name="Ada", email="ada@example.com")
    lead(name="Vip", email="vip@example.com", tags=["vip"])
    campaign_id = launched(target_audience=VIP)

    answer = patch(campaign_id, {"target_audience": {"all": []}})
    work()

    assert [one["field"] for one in answer.json["effects"]] == ["target_audience"]
    assert "looked at again" in answer.json["effects"][0]["effect"]
    assert sorted(recipients(mails)) == ["ada@example.com", "vip@example.com"]
    assert stats(campaign_id)["audience"] == 2


def test_a_late_step_is_for_who_had_come_to_the_end(mails: MailService, clock: Clock, engine: Engine) -> None:
    campaign_id = launched()
    lead(name="Ada", email="ada@example.com")
    joined(engine, clock)

    step(campaign_id, 2, delay_hours=1)
    work()
    reconciled(clock, hours=2)

    assert (tally(campaign_id, 1), tally(campaign_id, 2)) == ({"accepted": 1}, {"accepted": 1})


def test_x03_nothing_but_the_table_is_needed_to_join(mails: MailService, clock: Clock, engine: Engine) -> None:
    campaign_id = launched(steps=2)
    people(3)
    engine.deliver()
    lose_everything()

    for _ in range(4):
        reconciled(clock, hours=12)
        lose_everything()

    assert tally(campaign_id, 1) == tally(campaign_id, 2) == {"accepted": 3}
    assert len(recipients(mails)) == 6


def test_by_which_address_somebody_joined_is_erased_with_them(clock: Clock, engine: Engine) -> None:
    launched()
    [first, _] = people(2)
    joined(engine, clock)
    assert wire.counts()["MemberAddress"] == 2

    call("leads/erase_lead", path={"lead_id": first})
    announced.work_all()

    assert wire.counts()["MemberAddress"] == 1


def test_a_newcomer_is_explained(clock: Clock, engine: Engine) -> None:
    campaign_id = launched()
    lead_id = lead(name="Ada", email="ada@example.com")

    def audience() -> dict[str, Any]:
        query = {"campaign_id": campaign_id}
        told = call("leads/explain_lead", path={"lead_id": lead_id}, query=query).json
        return next(dict(gate) for gate in told["gates"] if gate["gate"] == "audience")

    assert (audience()["verdict"], audience()["code"]) == ("pending", "joins")
    engine.deliver()
    assert audience()["verdict"] == "pass"


def test_a_message_for_the_run_that_comes_twice_changes_nothing(clock: Clock, engine: Engine) -> None:
    campaign_id = launched()
    people(1)
    joined(engine, clock)

    for _ in range(2):
        assert send(f'{{"campaign_id": "{campaign_id}"}}') == {"batchItemFailures": []}
    work()

    assert cohorts(campaign_id) == [1]


def test_a_simulation_and_a_preview_are_of_those_who_fit_now(mails: MailService, clock: Clock, engine: Engine) -> None:
    people(3, tags=["vip"])
    without_address(lead(name="Nobody", email="nobody@example.com", tags=["vip"]))
    campaign_id = ready(steps=2, audience_mode="evergreen", target_audience=VIP)
    path = {"campaign_id": campaign_id}
    previewed = call("campaigns/preview_audience", {}, path=path).json
    simulated = call("campaigns/simulate_campaign", {}, path=path).json

    acted(campaign_id, "launch_campaign")
    work()
    reconciled(clock, hours=25)
    engine.deliver()

    told = stats(campaign_id)
    assert (previewed["count"], previewed["matched"]) == (3, 3)
    assert simulated["audience"] == told["audience"] == 3
    assert [one["sent"] for one in simulated["steps"]] == [one["sent"] for one in told["steps"]] == [3, 3]
