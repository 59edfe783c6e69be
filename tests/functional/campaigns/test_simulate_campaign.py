"""POST /campaigns/{campaign_id}/simulate: what it tells is what a run then does."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from leadflow.campaigns.schema import CampaignSimulation
from leadflow.campaigns.service import walking
from leadflow.campaigns.store import cohorts as runs
from leadflow.core import seams
from leadflow.core.clock import parse
from tests.functional import wire
from tests.functional.campaigns.campaigning import campaign, made_lead, named, step
from tests.functional.campaigns.mailing import MailService, email_channel, template
from tests.functional.campaigns.running import acted, mails_of, send, tally, work
from tests.functional.leads.people import patched
from tests.harness import Clock, call

SILENT = {"field": "steps.1.opened", "op": "eq", "value": False}


def simulate(campaign_id: str, **body: Any) -> dict[str, Any]:
    """The simulation, which leaves everything as it is."""
    before = wire.stored()
    answer = call("campaigns/simulate_campaign", body, path={"campaign_id": campaign_id}, scopes="campaigns:read")
    assert answer.status == 200, answer.text
    assert wire.stored() == before
    told: dict[str, Any] = answer.json
    CampaignSimulation.model_validate(told)
    for one in told["steps"]:
        assert one["audience"] == told["audience"] == one["sent"] + one["skipped"]
        assert one["sent"] == sum(one["variants"].values())
    assert told["cost"]["mails"] == sum(hour["sent"] for hour in told["hours"])
    return told


def ran(campaign_id: str, clock: Clock) -> tuple[dict[int, dict[str, int]], dict[tuple[str, int], int]]:
    """Runs a campaign to its end: by step how mails ended, and how many went out in which hour."""
    acted(campaign_id, "launch_campaign")
    work()
    while waiting := [cohort for cohort in runs.cohorts_of(campaign_id) if cohort.status != "done"]:
        cohort = min(waiting, key=lambda one: one.due_at)
        clock.moment = max(clock.moment, parse(cohort.due_at))
        send(json.dumps({"campaign_id": campaign_id, "cohort": cohort.sk.removeprefix("COH#")}))
    mails = mails_of(campaign_id)
    hours = Counter(
        (f"{mail.sent_at[:13]}:00:00.000Z", int(mail.step_number)) for mail in mails if mail.sent_at is not None
    )
    numbers = {int(mail.step_number) for mail in mails}
    return {number: tally(campaign_id, number) for number in numbers}, dict(hours)


def told_of(told: dict[str, Any]) -> tuple[dict[int, dict[str, int]], dict[tuple[str, int], int]]:
    """The same out of a simulation."""
    ends = {
        one["step_number"]: {**({"accepted": one["sent"]} if one["sent"] else {}), **one["skipped_by_reason"]}
        for one in told["steps"]
    }
    return ends, {(one["hour"], one["step_number"]): one["sent"] for one in told["hours"]}


def test_a_simulation_is_what_the_run_then_does(mails: MailService, clock: Clock) -> None:
    email_channel()
    for number in range(1, 13):
        zone = [None, "Europe/Berlin", "America/New_York"][number % 3]
        made_lead(number, timezone=zone)
    leads = call("leads/list_leads").json["items"]
    patched(leads[0]["id"], consent={"email": {"opted_in": False}})
    patched(leads[1]["id"], status="contacted")
    call("suppressions/add_suppression", {"channel": "email", "address": leads[2]["email"]})
    first, second = template(), template()
    campaign_id = campaign(
        send_window={"days": ["mon", "wed"], "from": "09:00", "to": "12:00"},
        timezone="Asia/Tokyo",
        exclusions={"lead_ids": [leads[3]["id"]]},
        rate_per_hour=3,
    )
    step(campaign_id, 1, variants=[{"template_id": first}, {"template_id": second}])
    step(campaign_id, 2, delay_hours=24, condition=SILENT)
    step(campaign_id, 5, delay_hours=1, condition={"field": "lead.status", "op": "eq", "value": "contacted"})

    told = simulate(campaign_id)
    ends, hours = ran(campaign_id, clock)

    assert told["excluded"] == 1
    assert told_of(told)[0] == ends
    real, thought = Counter(hours), Counter(told_of(told)[1])
    assert real.total() == thought.total()
    assert real == thought


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"rate_per_hour": 4},
        {"warm_up": [{"day": 1, "max": 2}, {"day": 2, "max": 5}]},
        {"frequency_cap": {"max": 1, "per_hours": 100}},
        {"goal": {"condition": {"field": "lead.company", "op": "exists"}}},
    ],
    ids=lambda fields: ",".join(fields) or "plain",
)
def test_limits_hold_in_a_simulation_as_in_a_run(mails: MailService, clock: Clock, fields: dict[str, Any]) -> None:
    email_channel()
    for number in range(1, 10):
        made_lead(number, **({"company": "Acme"} if number > 6 else {}))
    campaign_id = campaign(**fields)
    step(campaign_id, 1, delay_hours=2)
    step(campaign_id, 2, delay_hours=48)

    told = simulate(campaign_id)

    assert told_of(told) == ran(campaign_id, clock)


def test_what_people_are_assumed_to_do_decides_about_later_steps() -> None:
    for number in range(1, 41):
        made_lead(number)
    campaign_id = campaign(stop_on_reply=True)
    step(campaign_id, 1)
    step(campaign_id, 2, condition=SILENT)

    def second(**assume: float) -> dict[str, Any]:
        shown: dict[str, Any] = simulate(campaign_id, assume=assume)["steps"][1]
        return shown

    assert second()["sent"] == 40
    half = second(opened=0.5)
    assert 8 < half["skipped_by_reason"]["condition_not_met"] < 32
    assert second(opened=0.5) == half
    assert second(opened=1)["skipped_by_reason"] == {"condition_not_met": 40}
    assert second(clicked=1)["skipped_by_reason"] == {"condition_not_met": 40}
    assert second(replied=1)["skipped_by_reason"] == {"replied": 40}


def test_time_and_cost(clock: Clock) -> None:
    for number in range(1, 6):
        made_lead(number)
    campaign_id = campaign(rate_per_second=1)
    step(campaign_id, 1)
    step(campaign_id, 2, delay_hours=24)
    at = clock.moment + timedelta(days=3)

    told = simulate(campaign_id, at=at.isoformat(), price_per_1000=100)

    assert told["started_at"] == "2026-03-05T09:00:00.000Z"
    assert told["steps"][0]["first_at"] == "2026-03-05T09:00:00.000Z"
    assert told["steps"][0]["last_at"] == "2026-03-05T09:00:04.000Z"
    assert told["completed_at"] == "2026-03-06T09:00:08.000Z"
    assert told["cost"] == {"mails": 10, "provider_calls": 10, "usd": 1.0}


def test_a_long_audience_takes_several_calls_and_comes_to_the_same(cloud: seams.Seams) -> None:
    for number in range(1, 8):
        made_lead(number, timezone="Europe/Berlin" if number % 2 else None)
    campaign_id = campaign(send_window={"from": "12:00", "to": "13:00"})
    step(campaign_id)
    whole = simulate(campaign_id, assume={"opened": 0.3})
    cloud.kept["audience walk"] = walking.Bounds(seconds=-1, page=3)

    told, calls = simulate(campaign_id, assume={"opened": 0.3}), 1
    while told["next_cursor"]:
        told, calls = simulate(campaign_id, cursor=told["next_cursor"]), calls + 1

    assert calls == 3
    assert told == whole


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"assume": {"opened": 2}}, "assume.opened"),
        ({"at": "2026-03-02T09:00:00"}, "at"),
        ({"price_per_1000": -1}, "price_per_1000"),
    ],
)
def test_what_cannot_be_is_named(body: dict[str, Any], field: str) -> None:
    campaign_id = campaign()
    assert named(call("campaigns/simulate_campaign", path={"campaign_id": campaign_id})) == ["steps"]
    step(campaign_id)
    assert named(call("campaigns/simulate_campaign", body, path={"campaign_id": campaign_id})) == [field]


@pytest.mark.parametrize(
    "at", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "3000-01-01T00:00:00Z", "1767225600", 1767225600]
)
def test_a_time_that_is_none_or_at_the_end_of_the_calendar_is_refused(at: str | int) -> None:
    campaign_id = campaign()
    step(campaign_id, delay_hours=1)

    assert named(call("campaigns/simulate_campaign", {"at": at}, path={"campaign_id": campaign_id})) == ["at"]
