"""POST /campaigns/{campaign_id}/resume-rest."""

from __future__ import annotations

from tests.functional.campaigns.mailing import MailService, email_channel
from tests.functional.campaigns.running import act, acted, people, ready, recipients, reconciled, status, tally, work
from tests.harness import Clock


def test_a_campaign_that_was_ended_too_early_goes_to_the_rest(mails: MailService, clock: Clock) -> None:
    email_channel()
    people(2)
    campaign_id = ready(steps=2)
    acted(campaign_id, "launch_campaign")
    work()
    acted(campaign_id, "complete_campaign")
    reconciled(clock, hours=48)

    assert acted(campaign_id, "resume_rest")["status"] == "active"
    work()

    assert tally(campaign_id, 1) == tally(campaign_id, 2) == {"accepted": 2}
    assert len(recipients(mails)) == 4
    assert status(campaign_id) == "completed"


def test_a_draft_or_an_active_campaign_has_no_rest() -> None:
    email_channel()
    campaign_id = ready()
    assert act(campaign_id, "resume_rest").status == 409
    acted(campaign_id, "launch_campaign")
    assert act(campaign_id, "resume_rest").status == 409
    assert act("01NOPE", "resume_rest").status == 404
