"""POST /campaigns/{campaign_id}/retry-failed."""

from __future__ import annotations

from leadflow.campaigns import service as campaigns
from tests.functional.campaigns.mailing import MailService, email_channel
from tests.functional.campaigns.running import (
    act,
    acted,
    mails_of,
    people,
    ready,
    recipients,
    reconciled,
    status,
    tally,
    work,
)
from tests.harness import Clock


def failed_one(campaign_id: str, mails: MailService, clock: Clock) -> None:
    """The provider takes the mails of a campaign and drops the first one after all."""
    acted(campaign_id, "launch_campaign")
    work()
    mail = next(mail for mail in mails_of(campaign_id) if mail.recipient_email == "lead1@example.com")
    campaigns.record_event(mail.id, "dropped", clock(), {"reason": "Spam Content"})


def refused_one_of_two_at_once(mails: MailService) -> str:
    """A campaign to three people of whom two had their turn, and the provider did not take the first one's mail."""
    email_channel()
    people(3)
    campaign_id = ready(rate_per_hour=2)
    mails.answers = [(400, [{"message": "no", "field": "personalizations.0.to.0.email"}])]
    acted(campaign_id, "launch_campaign")
    work()
    return campaign_id


def test_what_the_provider_refused_goes_out_once_more(mails: MailService, clock: Clock) -> None:
    email_channel()
    people(3)
    campaign_id = ready()
    failed_one(campaign_id, mails, clock)
    assert tally(campaign_id) == {"accepted": 2, "rejected": 1}

    assert acted(campaign_id, "retry_failed")["status"] == "active"
    work()

    assert tally(campaign_id) == {"accepted": 3}
    assert recipients(mails).count("lead1@example.com") == 2
    assert len(recipients(mails)) == 4
    assert status(campaign_id) == "completed"
    reconciled(clock, hours=24)
    assert len(recipients(mails)) == 4


def test_gates_are_asked_again(mails: MailService, clock: Clock) -> None:
    email_channel()
    people(2)
    campaign_id = ready()
    failed_one(campaign_id, mails, clock)
    campaigns.suppress("email", "lead1@example.com", "unsubscribe")

    acted(campaign_id, "retry_failed")
    work()

    assert tally(campaign_id) == {"accepted": 1, "suppressed:unsubscribe": 1}


def test_the_sequence_of_who_failed_is_not_doubled(mails: MailService, clock: Clock) -> None:
    email_channel()
    people(2)
    campaign_id = ready(steps=2)
    failed_one(campaign_id, mails, clock)
    acted(campaign_id, "retry_failed")
    work()

    reconciled(clock, hours=25)

    assert tally(campaign_id, 1) == tally(campaign_id, 2) == {"accepted": 2}
    assert status(campaign_id) == "completed"


def test_who_was_refused_before_the_others_had_their_turn_gets_it_too(mails: MailService, clock: Clock) -> None:
    campaign_id = refused_one_of_two_at_once(mails)
    assert tally(campaign_id) == {"accepted": 1, "rejected": 1}

    acted(campaign_id, "retry_failed")
    reconciled(clock, hours=2)
    reconciled(clock, hours=2)

    assert tally(campaign_id) == {"accepted": 3}
    assert len(set(recipients(mails))) == len(recipients(mails)) == 3
    assert status(campaign_id) == "completed"


def test_of_a_campaign_that_was_ended_by_hand_only_those_who_had_their_turn(mails: MailService, clock: Clock) -> None:
    campaign_id = refused_one_of_two_at_once(mails)
    acted(campaign_id, "complete_campaign")
    work()

    acted(campaign_id, "retry_failed")
    for _ in range(2):
        reconciled(clock, hours=2)

    assert tally(campaign_id) == {"accepted": 2}
    assert status(campaign_id) == "completed"


def test_only_what_was_launched_can_be_retried(mails: MailService) -> None:
    email_channel()
    campaign_id = ready()
    assert act(campaign_id, "retry_failed").status == 409
    acted(campaign_id, "launch_campaign")
    acted(campaign_id, "pause_campaign")
    assert act(campaign_id, "retry_failed").status == 409
    assert act("01NOPE", "retry_failed").status == 404
