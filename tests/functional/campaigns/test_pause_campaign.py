"""POST /campaigns/{campaign_id}/pause."""

from __future__ import annotations

from tests.functional.campaigns.mailing import MailService, email_channel
from tests.functional.campaigns.running import act, acted, people, ready, recipients, reconciled, work
from tests.harness import Clock


def test_nothing_goes_out_of_a_paused_campaign(mails: MailService, clock: Clock) -> None:
    email_channel()
    people(2)
    campaign_id = ready()
    acted(campaign_id, "launch_campaign")
    work(messages=0)

    assert acted(campaign_id, "pause_campaign")["status"] == "paused"
    work()
    reconciled(clock, days=2)

    assert recipients(mails) == []
    assert act(campaign_id, "pause_campaign").status == 409


def test_a_pause_takes_effect_within_a_batch(mails: MailService, clock: Clock) -> None:
    email_channel()
    people(3)
    campaign_id = ready(rate_per_second=1)
    acted(campaign_id, "launch_campaign")
    mails.before_answer = lambda _: acted(campaign_id, "pause_campaign") and None

    work()
    reconciled(clock)

    assert len(recipients(mails)) == 1


def test_a_draft_cannot_be_paused() -> None:
    assert act(ready(), "pause_campaign").status == 409
    assert act("01NOPE", "pause_campaign").status == 404
