"""POST /campaigns/{campaign_id}/complete."""

from __future__ import annotations

from leadflow.campaigns.service import recounting
from tests.functional.campaigns.campaigning import stats, step
from tests.functional.campaigns.mailing import MailService, email_channel, lead
from tests.functional.campaigns.running import (
    act,
    acted,
    begun,
    is_at_rest,
    people,
    ready,
    recipients,
    reconciled,
    status,
    take_announced,
    work,
)
from tests.functional.campaigns.test_retry_failed import failed_one
from tests.functional.wire import interrupted
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call, door


def test_who_had_no_turn_yet_gets_nothing(mails: MailService, clock: Clock) -> None:
    email_channel()
    people(2)
    campaign_id = ready(steps=2)
    acted(campaign_id, "launch_campaign")
    work()

    shown = acted(campaign_id, "complete_campaign")
    for _ in range(3):
        reconciled(clock, hours=24)

    assert (shown["status"], shown["completed_at"]) == ("completed", "2026-03-02T09:00:00.000Z")
    assert len(recipients(mails)) == 2


def test_what_was_still_to_come_is_skipped_for_it_in_every_place_where_it_waited(
    mails: MailService, clock: Clock, engine: Engine
) -> None:
    """In cohorts that wait for a step, a window or the rate, that are parked, and at steps that nobody came to yet."""
    email_channel()
    for zone in ("Europe/Berlin", "Asia/Tokyo", "America/New_York"):
        for number in range(2):
            lead(
                name="Lead",
                email=f"lead{number}@{zone.rpartition('/')[2].lower().replace('_', '-')}.example.com",
                timezone=zone,
            )
    window = {"from": "09:00", "to": "12:00"}
    campaign_id = ready(steps=3, timezone="Europe/Berlin", send_window=window, rate_per_hour=1)
    acted(campaign_id, "launch_campaign")
    work()
    assert len(recipients(mails)) == 1
    acted(campaign_id, "pause_campaign")
    reconciled(clock, minutes=20)

    acted(campaign_id, "complete_campaign")
    work()
    engine.deliver()

    told = stats(campaign_id)
    assert [(one["sent"], one["skipped"], one["pending"]) for one in told["steps"]] == [(1, 5, 0), (0, 6, 0), (0, 6, 0)]
    assert told["skipped_by_reason"] == {"campaign_completed": 17}
    assert is_at_rest(campaign_id)
    assert recounting.recount_campaign(campaign_id) == (0, 0)
    for _ in range(4):
        reconciled(clock, hours=24)
    assert len(recipients(mails)) == 1

    acted(campaign_id, "resume_rest")
    work()
    engine.deliver()
    assert stats(campaign_id)["skipped"] == 0
    for _ in range(60):
        reconciled(clock, hours=3)
        if status(campaign_id) == "completed":
            break
    engine.deliver()
    assert [one["sent"] for one in stats(campaign_id)["steps"]] == [6, 6, 6]
    assert len(recipients(mails)) == 18
    assert recounting.recount_campaign(campaign_id) == (0, 0)


def test_what_is_settled_stays_and_failed_mails_can_still_be_sent_again(
    mails: MailService, clock: Clock, engine: Engine
) -> None:
    email_channel()
    people(2)
    campaign_id = ready(steps=2)
    failed_one(campaign_id, mails, clock)
    acted(campaign_id, "complete_campaign")
    work()
    engine.deliver()
    before = stats(campaign_id)
    assert (before["sent"], before["failed"], before["skipped"], before["pending"]) == (1, 1, 2, 0)

    acted(campaign_id, "retry_failed")
    work()
    engine.deliver()

    after = stats(campaign_id)
    assert (after["sent"], after["failed"], after["skipped"], after["pending"]) == (2, 0, 2, 0)
    assert status(campaign_id) == "completed"
    assert recounting.recount_campaign(campaign_id) == (0, 0)


def test_a_cohort_that_somebody_is_at_is_ended_when_they_have_done(
    mails: MailService, clock: Clock, engine: Engine
) -> None:
    email_channel()
    people(2)
    campaign_id = ready(steps=2)
    acted(campaign_id, "launch_campaign")
    work(messages=0)
    begun(campaign_id)

    def completed() -> None:
        acted(campaign_id, "complete_campaign")
        for event in take_announced():
            door("campaigns/plan_audience")(event, None)

    with interrupted(completed):
        work()
    reconciled(clock)
    engine.deliver()

    told = stats(campaign_id)
    assert [(one["sent"], one["skipped"], one["pending"]) for one in told["steps"]] == [(2, 0, 0), (0, 2, 0)]
    assert is_at_rest(campaign_id)


def test_a_step_that_came_too_late_is_skipped_too_and_a_goal_still_counts(
    mails: MailService, clock: Clock, engine: Engine
) -> None:
    email_channel()
    first, _ = people(2)
    campaign_id = ready(goal={"event": "form_submitted"}, audience_mode="evergreen")
    acted(campaign_id, "launch_campaign")
    work()
    late = lead(name="Late", email="late@example.com")
    engine.deliver()
    acted(campaign_id, "pause_campaign")
    step(campaign_id, 2, delay_hours=24)
    clock.advance(hours=1)
    signal = {"signal_type": "form_submit", "signal_data": {"form_id": "contact"}}
    call("signals/record_signal", signal, path={"lead_id": first})
    engine.deliver()

    acted(campaign_id, "complete_campaign")
    work()
    engine.deliver()

    told = stats(campaign_id)
    assert (told["audience"], told["converted"]) == (2, 1), late
    assert [(one["sent"], one["skipped"], one["pending"]) for one in told["steps"]] == [(2, 0, 0), (0, 2, 0)]


def test_only_what_was_launched_is_completed() -> None:
    email_channel()
    campaign_id = ready()
    assert act(campaign_id, "complete_campaign").status == 409
    acted(campaign_id, "launch_campaign")
    acted(campaign_id, "complete_campaign")
    assert act(campaign_id, "complete_campaign").status == 409
    assert act("01NOPE", "complete_campaign").status == 404
