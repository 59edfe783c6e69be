"""The worker of cohorts: an audience goes through the steps, each member once."""

from __future__ import annotations

from typing import Any

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.campaigns import store
from tests.functional import wire
from tests.functional.campaigns.campaigning import campaign, step
from tests.functional.campaigns.mailing import MailService, email_channel, lead, template
from tests.functional.campaigns.running import (
    acted,
    lose_everything,
    mails_of,
    people,
    ready,
    recipients,
    reconciled,
    schedules,
    send,
    status,
    take_messages,
    tally,
    work,
)
from tests.functional.leads import announced
from tests.harness import Clock, call


def addresses(mails: MailService) -> list[str]:
    return sorted(recipients(mails))


def test_everyone_gets_every_step_once(mails: MailService, clock: Clock) -> None:
    email_channel()
    people(3)
    campaign_id = ready(steps=2)

    acted(campaign_id, "launch_campaign")
    work()

    assert len(recipients(mails)) == 3
    [schedule] = schedules()
    assert schedule["ScheduleExpression"] == "at(2026-03-03T09:00:00)"
    assert schedule["ActionAfterCompletion"] == "DELETE"
    assert status(campaign_id) == "active"
    clock.advance(hours=24)
    send(schedule["Target"]["Input"])
    work()
    assert tally(campaign_id, 1) == tally(campaign_id, 2) == {"accepted": 3}
    assert addresses(mails) == sorted(f"lead{number}@example.com" for number in (1, 1, 2, 2, 3, 3))
    assert status(campaign_id) == "completed"
    shown = call("campaigns/get_campaign", path={"campaign_id": campaign_id}).json
    assert shown["total_recipients"] == 3


def test_x03_nothing_but_the_table_is_needed(mails: MailService, clock: Clock) -> None:
    email_channel()
    people(3)
    campaign_id = ready(steps=2)
    acted(campaign_id, "launch_campaign")
    lose_everything()

    for _ in range(4):
        reconciled(clock, hours=12)
        lose_everything()

    assert status(campaign_id) == "completed"
    assert tally(campaign_id, 1) == tally(campaign_id, 2) == {"accepted": 3}
    assert len(recipients(mails)) == 6


def test_x09_a_message_twice_or_too_early_changes_nothing(mails: MailService, clock: Clock) -> None:
    email_channel()
    people(2)
    campaign_id = ready(steps=2)
    acted(campaign_id, "launch_campaign")
    work(messages=0)
    [body] = take_messages()

    assert send(body) == send(body) == {"batchItemFailures": []}
    [schedule] = schedules()
    send(schedule["Target"]["Input"])

    assert len(recipients(mails)) == 2
    assert tally(campaign_id, 2) == {}
    assert send('{"campaign_id": "01NONE", "cohort": "X#Y"}') == {"batchItemFailures": []}


def test_what_an_address_had_is_forgotten_with_the_person(mails: MailService, clock: Clock) -> None:
    email_channel()
    [first, _] = people(2)
    campaign_id = ready()
    acted(campaign_id, "launch_campaign")
    work()
    assert wire.counts()["ContactedAddress"] == 2

    call("leads/erase_lead", path={"lead_id": first})
    announced.work_all()

    assert wire.counts()["ContactedAddress"] == 1


def test_every_skip_has_its_reason(mails: MailService, clock: Clock) -> None:
    email_channel()
    people(1)
    lead(name="Gone", email="gone@example.com")
    gone = lead(name="Going", email="going@example.com")
    lead(name="Out", email="out@example.com", consent={"email": {"opted_in": False}})
    lead(name="Suppressed", email="suppressed@example.com")
    campaigns.suppress("email", "Suppressed@example.com", "spam_report")
    campaign_id = ready(goal={"condition": {"field": "lead.status", "op": "eq", "value": "closed_won"}})
    lead(name="Won", email="won@example.com", status="closed_won")
    replied = lead(name="Replied", email="replied@example.com")
    acted(campaign_id, "launch_campaign")
    work(messages=0)
    clock.advance(minutes=1)
    campaigns.stop_sequences(replied, "replied")
    call("leads/erase_lead", path={"lead_id": gone})

    work()

    assert tally(campaign_id) == {
        "accepted": 2,
        "lead_gone": 1,
        "opted_out": 1,
        "suppressed:spam_report": 1,
        "goal_reached": 1,
        "replied": 1,
    }
    assert addresses(mails) == ["gone@example.com", "lead1@example.com"]
    assert status(campaign_id) == "completed"


def test_who_replied_before_joining_is_not_stopped(mails: MailService, clock: Clock) -> None:
    email_channel()
    campaigns.stop_sequences(people(1)[0], "replied")
    clock.advance(minutes=1)
    campaign_id = ready()

    acted(campaign_id, "launch_campaign")
    work()

    assert tally(campaign_id) == {"accepted": 1}


def test_a_reply_stops_what_is_to_come_unless_the_campaign_goes_on(mails: MailService, clock: Clock) -> None:
    email_channel()
    lead_id = people(1)[0]
    stops, goes_on = ready(steps=2), ready(steps=2, stop_on_reply=False)
    acted(stops, "launch_campaign")
    acted(goes_on, "launch_campaign")
    work()
    campaigns.stop_sequences(lead_id, "replied")

    reconciled(clock, hours=25)

    assert (tally(stops, 2), tally(goes_on, 2)) == ({"replied": 1}, {"accepted": 1})


def test_conditions_ask_about_earlier_steps(mails: MailService, clock: Clock) -> None:
    email_channel()
    people(2)
    campaign_id = campaign()
    step(campaign_id, 1)
    step(campaign_id, 2, delay_hours=1, condition={"field": "steps.1.opened", "op": "eq", "value": True})
    step(campaign_id, 3, delay_hours=1, condition={"not": {"field": "steps.2.status", "op": "exists"}})
    acted(campaign_id, "launch_campaign")
    work()
    opened = next(mail.id for mail in mails_of(campaign_id) if mail.recipient_email == "lead1@example.com")
    campaigns.record_event(opened, "open", clock(), {"useragent": "Mozilla/5.0"})

    reconciled(clock, hours=2)
    reconciled(clock, hours=2)

    assert tally(campaign_id, 2) == {"accepted": 1, "condition_not_met": 1}
    assert tally(campaign_id, 3) == {"accepted": 1, "condition_not_met": 1}
    assert addresses(mails) == ["lead1@example.com", "lead1@example.com", "lead2@example.com", "lead2@example.com"]


def test_members_wait_for_their_own_window(mails: MailService, clock: Clock) -> None:
    """It is Monday, nine in UTC: ten in Berlin, four at night in New York, eighteen in Tokyo."""
    email_channel()
    for zone in ("Europe/Berlin", "America/New_York", "Asia/Tokyo", None):
        lead(name=str(zone), email=f"{str(zone).rpartition('/')[2].lower()}@example.com", timezone=zone)
    window = {"days": ["mon", "tue"], "from": "09:00", "to": "12:00"}
    campaign_id = ready(timezone="Europe/Berlin", send_window=window)
    acted(campaign_id, "launch_campaign")
    work()

    assert addresses(mails) == ["berlin@example.com", "none@example.com"]
    assert sorted(one["ScheduleExpression"] for one in schedules()) == [
        "at(2026-03-02T14:00:00)",
        "at(2026-03-03T00:00:00)",
    ]
    clock.advance(hours=5)
    for schedule in schedules():
        send(schedule["Target"]["Input"])
    assert addresses(mails) == ["berlin@example.com", "new_york@example.com", "none@example.com"]
    reconciled(clock, hours=11)
    assert tally(campaign_id) == {"accepted": 4}
    assert status(campaign_id) == "completed"


def test_a_frequency_cap_counts_over_campaigns(mails: MailService, clock: Clock) -> None:
    email_channel()
    people(2)
    cap = {"max": 2, "per_hours": 24}
    first, second, third = ready(), ready(), ready(frequency_cap=cap)
    for campaign_id in (first, second, third):
        acted(campaign_id, "launch_campaign")
        work()

    assert tally(third) == {"frequency_cap": 2}
    clock.advance(hours=24)
    fourth = ready(frequency_cap=cap)
    acted(fourth, "launch_campaign")
    work()
    assert tally(fourth) == {"accepted": 2}


def test_two_members_who_become_one_lead_get_one_mail(mails: MailService, clock: Clock) -> None:
    email_channel()
    one, other = people(2)
    campaign_id = ready()
    acted(campaign_id, "launch_campaign")
    work(messages=0)
    call("leads/merge_leads", {"source_lead_id": other}, path={"lead_id": one})

    work()

    assert len(recipients(mails)) == 1
    assert tally(campaign_id) == {"accepted": 1, "duplicate_address": 1}


@pytest.mark.parametrize(
    ("limits", "sent"),
    [
        ({"rate_per_hour": 2}, [2, 2, 4, 4, 5]),
        ({"warm_up": [{"day": 1, "max": 1}, {"day": 2, "max": 2}]}, [1, 1, 1, 1, 1]),
    ],
)
def test_rates_hold_whatever_restarts(
    mails: MailService, clock: Clock, limits: dict[str, Any], sent: list[int]
) -> None:
    email_channel()
    people(5)
    campaign_id = ready(**limits)
    acted(campaign_id, "launch_campaign")
    work()

    seen = [len(recipients(mails))]
    for _ in range(4):
        lose_everything()
        reconciled(clock, minutes=35)
        seen.append(len(recipients(mails)))

    assert seen == sent
    for _ in range(3):
        reconciled(clock, hours=24)
    assert tally(campaign_id) == {"accepted": 5}


def test_a_refused_key_pauses_the_campaign_and_says_why(mails: MailService, clock: Clock) -> None:
    path = {"channel_id": email_channel()}
    people(2)
    campaign_id = ready()
    acted(campaign_id, "launch_campaign")
    mails.answers = [401]

    work()

    shown = call("campaigns/get_campaign", path={"campaign_id": campaign_id}).json
    assert shown["status"] == "paused"
    assert shown["pause_reason"].startswith("credentials_refused: SendGrid answered 401")
    assert recipients(mails) == []
    assert call("channels/get_channel", path=path).json["is_healthy"] is False
    acted(campaign_id, "resume_campaign")
    work()
    assert addresses(mails) == ["lead1@example.com", "lead2@example.com"]
    assert call("channels/get_channel", path=path).json["is_healthy"] is True
    assert status(campaign_id) == "completed"


def test_a_provider_that_wants_less_or_is_not_there_is_waited_for(mails: MailService, clock: Clock) -> None:
    email_channel()
    people(2)
    campaign_id = ready()
    acted(campaign_id, "launch_campaign")
    mails.answers = [429]
    work()
    assert recipients(mails) == []

    reconciled(clock)

    assert tally(campaign_id) == {"accepted": 2}


def test_x11_an_unknown_outcome_is_neither_repeated_nor_waited_for(mails: MailService, clock: Clock) -> None:
    email_channel()
    people(2)
    campaign_id = ready()
    acted(campaign_id, "launch_campaign")
    mails.answers = [None]

    work()

    assert status(campaign_id) == "completed"
    assert tally(campaign_id) == {"unknown": 2}
    reconciled(clock, hours=48)
    assert tally(campaign_id) == {"unknown": 2}
    assert addresses(mails) == ["lead1@example.com", "lead2@example.com"]


def test_x11_a_mail_that_fails_ends_nobodys_sequence(mails: MailService, clock: Clock) -> None:
    """One person's mail is refused and another's is dropped after all: both are told, and every next step goes on."""
    email_channel()
    people(4)
    campaign_id = ready(steps=3)
    acted(campaign_id, "launch_campaign")
    mails.answers = [(400, [{"message": "no", "field": "personalizations.1.to.0.email"}])]
    work()
    dropped = next(mail for mail in mails_of(campaign_id) if mail.outcome == "accepted")
    campaigns.record_event(dropped.id, "dropped", clock(), {"reason": "Invalid"})

    for _ in range(3):
        reconciled(clock, hours=25)

    assert tally(campaign_id, 1) == {"accepted": 2, "rejected": 2}
    assert tally(campaign_id, 2) == tally(campaign_id, 3) == {"accepted": 4}
    assert status(campaign_id) == "completed"


def test_a_step_that_is_added_late_is_for_everyone_and_a_removed_one_for_nobody(
    mails: MailService, clock: Clock
) -> None:
    email_channel()
    people(1)
    campaign_id = ready(steps=2)
    acted(campaign_id, "launch_campaign")
    work()
    [_, second] = store.steps_of(campaign_id)
    step(campaign_id, 3, delay_hours=1)
    path = {"campaign_id": campaign_id, "step_id": second.id}
    assert call("campaigns/delete_step", path=path).status == 204

    reconciled(clock, hours=25)
    reconciled(clock, hours=2)

    assert (tally(campaign_id, 2), tally(campaign_id, 3)) == ({}, {"accepted": 1})
    assert status(campaign_id) == "completed"


def test_a_mail_that_was_written_goes_to_no_address_that_is_suppressed_since(mails: MailService, clock: Clock) -> None:
    email_channel()
    [first, second] = people(2)
    campaign_id = ready()
    mails.answers = [429]
    acted(campaign_id, "launch_campaign")
    work()
    assert recipients(mails) == []
    for lead_id, address in ((first, "new1@example.com"), (second, "new2@example.com")):
        assert call("leads/update_lead", {"email": address}, path={"lead_id": lead_id}).status == 200
    campaigns.suppress("email", "lead1@example.com", "unsubscribe")

    reconciled(clock)

    assert recipients(mails) == ["lead2@example.com"]
    assert tally(campaign_id) == {"suppressed:unsubscribe": 1, "accepted": 1}
    assert status(campaign_id) == "completed"


def test_variants_are_shared_out_and_stay(mails: MailService) -> None:
    email_channel()
    people(6)
    one, other = template(subject="One {{ name }}"), template(subject="Other {{ name }}")
    campaign_id = campaign()
    step(campaign_id, 1, variants=[{"template_id": one}, {"template_id": other}])

    acted(campaign_id, "launch_campaign")
    work()

    assert {mail["subject"].split()[0] for mail in mails.sent} == {"One", "Other"}
    assert len(mails.sent) == 2
    assert len(recipients(mails)) == len(set(recipients(mails))) == 6


def test_the_campaign_says_who_it_is_from(mails: MailService) -> None:
    email_channel()
    people(1)
    campaign_id = ready(sender="ana@leadflow.example", from_name="Ana", reply_to="back@leadflow.example")

    acted(campaign_id, "launch_campaign")
    work()

    assert mails.sent[0]["from"] == {"email": "ana@leadflow.example", "name": "Ana"}
    assert mails.sent[0]["reply_to"] == {"email": "back@leadflow.example"}
