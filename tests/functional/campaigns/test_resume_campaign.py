"""POST /campaigns/{campaign_id}/resume."""

from __future__ import annotations

from leadflow.campaigns import store
from leadflow.campaigns.store import closing
from leadflow.campaigns.store import cohorts as runs
from tests.functional.campaigns.mailing import MailService, email_channel
from tests.functional.campaigns.running import (
    act,
    acted,
    lose_everything,
    people,
    ready,
    recipients,
    reconciled,
    status,
    tally,
    work,
)
from tests.functional.wire import interrupted
from tests.harness import Clock


def test_x01_the_rest_goes_out_each_once(mails: MailService, clock: Clock) -> None:
    """X1: pausing and resuming again and again neither repeats nor forgets anybody."""
    email_channel()
    people(4)
    campaign_id = ready(steps=2, rate_per_second=1)
    acted(campaign_id, "launch_campaign")

    for _ in range(8):
        work(messages=1)
        acted(campaign_id, "pause_campaign")
        work(messages=1)
        acted(campaign_id, "resume_campaign")
        reconciled(clock, minutes=10)
    for _ in range(12):
        reconciled(clock, hours=4)

    assert tally(campaign_id, 1) == tally(campaign_id, 2) == {"accepted": 4}
    assert len(recipients(mails)) == 8
    assert status(campaign_id) == "completed"


def test_what_was_parked_is_found_whatever_was_lost(mails: MailService, clock: Clock) -> None:
    email_channel()
    people(2)
    campaign_id = ready()
    acted(campaign_id, "launch_campaign")
    work(messages=0)
    acted(campaign_id, "pause_campaign")
    work()
    acted(campaign_id, "resume_campaign")
    lose_everything()

    reconciled(clock)

    assert tally(campaign_id) == {"accepted": 2}


def test_a_cohort_that_parks_while_the_campaign_is_resumed_goes_on(mails: MailService) -> None:
    email_channel()
    people(1)
    campaign_id = ready()
    acted(campaign_id, "launch_campaign")
    work(messages=0)
    acted(campaign_id, "pause_campaign")
    [cohort] = runs.cohorts_of(campaign_id)
    paused = store.find_campaign(campaign_id)
    assert paused is not None
    acted(campaign_id, "resume_campaign")

    assert closing.park_cohort(cohort, paused) is False
    work()

    assert tally(campaign_id) == {"accepted": 1}


def test_only_a_paused_campaign_is_resumed() -> None:
    email_channel()
    campaign_id = ready()
    assert act(campaign_id, "resume_campaign").status == 409
    acted(campaign_id, "launch_campaign")
    assert act(campaign_id, "resume_campaign").status == 409
    acted(campaign_id, "pause_campaign")
    with interrupted(lambda: acted(campaign_id, "resume_campaign")):
        assert act(campaign_id, "resume_campaign").status == 409
    assert act("01NOPE", "resume_campaign").status == 404
