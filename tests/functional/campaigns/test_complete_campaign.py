"""POST /campaigns/{campaign_id}/complete."""

from __future__ import annotations

from tests.functional.campaigns.mailing import MailService, email_channel
from tests.functional.campaigns.running import act, acted, people, ready, recipients, reconciled, work
from tests.harness import Clock


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


def test_only_what_was_launched_is_completed() -> None:
    email_channel()
    campaign_id = ready()
    assert act(campaign_id, "complete_campaign").status == 409
    acted(campaign_id, "launch_campaign")
    acted(campaign_id, "complete_campaign")
    assert act(campaign_id, "complete_campaign").status == 409
    assert act("01NOPE", "complete_campaign").status == 404
