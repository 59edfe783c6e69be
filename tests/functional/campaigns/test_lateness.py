"""A cohort that is begun late, or found waiting, tells how late it is."""

from __future__ import annotations

from tests.functional.campaigns.mailing import MailService, email_channel
from tests.functional.campaigns.running import act, acted, lose_everything, people, ready, reconciled, work
from tests.functional.conftest import Told
from tests.harness import Clock


def launched() -> str:
    email_channel()
    people(1)
    campaign_id = ready()
    acted(campaign_id, "launch_campaign")
    return campaign_id


def test_in_time_tells_nothing(mails: MailService, told: Told) -> None:
    launched()
    work()
    assert told() == []


def test_a_message_that_comes_late_is_told_when_it_comes(mails: MailService, clock: Clock, told: Told) -> None:
    launched()
    work(messages=0)
    clock.advance(minutes=40)
    work()
    assert told() == [("ScheduleLag", 2400)]


def test_a_message_that_is_lost_is_told_by_reconcile(mails: MailService, clock: Clock, told: Told) -> None:
    launched()
    work(messages=0)
    lose_everything()
    reconciled(clock, minutes=40)
    assert told() == [("ScheduleLag", 2400)]


def test_a_pause_is_no_delay(mails: MailService, clock: Clock, told: Told) -> None:
    campaign_id = launched()
    work(messages=0)
    acted(campaign_id, "pause_campaign")
    work()
    clock.advance(days=3)
    assert act(campaign_id, "resume_campaign").status in (200, 202)
    work()
    assert told() == []
