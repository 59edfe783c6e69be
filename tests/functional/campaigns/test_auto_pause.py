"""A campaign that does harm pauses itself: before and after its batches, and when harm is reported."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.entry.stream import stream_reader
from leadflow.platform import service_totals
from tests.functional.campaigns.campaigning import patch, stats
from tests.functional.campaigns.mailing import MailService, email_channel
from tests.functional.campaigns.running import acted, mails_of, people, ready, recipients, send, status, work
from tests.functional.campaigns.running import schedules as scheduled
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call

BOUNCE = ("bounce", {"type": "bounce", "status": "5.1.1", "reason": "no such user"})
COMPLAINT: tuple[str, dict[str, Any]] = ("spamreport", {})
BLOCKED = ("bounce", {"type": "blocked", "status": "4.2.2", "reason": "mailbox full"})


def sent(clock: Clock, **limits: Any) -> tuple[str, Engine]:
    """A campaign whose first step went to four people and whose second is due tomorrow."""
    email_channel()
    people(4)
    campaign_id = ready(steps=2, auto_pause={"min_sent": 4, **limits})
    engine = Engine(clock)
    acted(campaign_id, "launch_campaign")
    work()
    return campaign_id, engine


def told(campaign_id: str, clock: Clock, event: tuple[str, dict[str, Any]], mails: int) -> None:
    """The provider reports this of so many mails, twice."""
    for mail in mails_of(campaign_id)[:mails] * 2:
        assert campaigns.record_event(mail.id, event[0], clock() + timedelta(seconds=1), event[1])


def next_day(clock: Clock, engine: Engine) -> None:
    engine.deliver()
    clock.advance(hours=24)
    for schedule in scheduled():
        send(schedule["Target"]["Input"])
    work()


@pytest.mark.parametrize(
    ("limit", "event", "said"),
    [
        ("max_bounce_rate", BOUNCE, "auto_pause: 2 of 4 mails bounced, more than the limit of 0.3"),
        ("max_complaint_rate", COMPLAINT, "auto_pause: 2 of 4 mails were reported as spam, more than the limit of 0.3"),
    ],
)
def test_too_many_pause_it_and_it_says_why(
    mails: MailService, clock: Clock, limit: str, event: tuple[str, dict[str, Any]], said: str
) -> None:
    campaign_id, engine = sent(clock, **{limit: 0.3})
    told(campaign_id, clock, event, 2)

    next_day(clock, engine)

    shown = call("campaigns/get_campaign", path={"campaign_id": campaign_id}).json
    assert (shown["status"], shown["pause_reason"]) == ("paused", said)
    assert len(recipients(mails)) == 4
    assert stats(campaign_id)["steps"][1]["pending"] == 4


def test_it_pauses_when_the_report_is_counted(mails: MailService, clock: Clock) -> None:
    campaign_id, engine = sent(clock, max_bounce_rate=0.3)
    engine.deliver()
    told(campaign_id, clock, BOUNCE, 1)
    engine.deliver()
    assert status(campaign_id) == "active"

    told(campaign_id, clock, BOUNCE, 2)
    records = engine.changes()
    engine.deliver(records)
    engine.deliver(records)

    assert status(campaign_id) == "paused"


def test_it_pauses_after_its_last_batch(mails: MailService, clock: Clock) -> None:
    """Given reports that are counted while the provider has not even answered, by a reader that judges nothing."""
    email_channel()
    people(4)
    campaign_id = ready(auto_pause={"min_sent": 4, "max_bounce_rate": 0.3})
    engine = Engine(clock)

    def report(_: dict[str, Any]) -> None:
        told(campaign_id, clock, BOUNCE, 4)
        stream_reader(service_totals.count)({"Records": engine.changes()}, None)

    mails.before_answer = report
    acted(campaign_id, "launch_campaign")
    work()

    assert status(campaign_id) == "paused"
    assert len(recipients(mails)) == 4
    patch(campaign_id, {"auto_pause": None})
    acted(campaign_id, "resume_campaign")
    work()
    assert (status(campaign_id), len(recipients(mails))) == ("completed", 4)


def test_what_was_not_taken_for_now_is_no_harm(mails: MailService, clock: Clock) -> None:
    campaign_id, engine = sent(clock, max_bounce_rate=0.3)
    told(campaign_id, clock, BLOCKED, 4)

    next_day(clock, engine)

    assert (status(campaign_id), stats(campaign_id)["bounced"]) == ("completed", 4)
    assert len(recipients(mails)) == 8


def test_a_bounce_that_was_soft_first_counts_when_it_is_hard(mails: MailService, clock: Clock) -> None:
    campaign_id, engine = sent(clock, max_bounce_rate=0.3)
    for event in (BLOCKED, BOUNCE, BLOCKED):
        told(campaign_id, clock, event, 2)

    engine.deliver()

    assert status(campaign_id) == "paused"


def test_as_many_as_allowed_do_not(mails: MailService, clock: Clock) -> None:
    campaign_id, engine = sent(clock, max_bounce_rate=0.5, max_complaint_rate=0.5)
    told(campaign_id, clock, BOUNCE, 2)

    next_day(clock, engine)

    assert status(campaign_id) == "completed"
    # Who bounced is suppressed, the others get the second mail.
    assert len(recipients(mails)) == 6


def test_resumed_with_another_limit_it_goes_on(mails: MailService, clock: Clock) -> None:
    campaign_id, engine = sent(clock, max_bounce_rate=0.3)
    told(campaign_id, clock, BOUNCE, 2)
    next_day(clock, engine)
    acted(campaign_id, "resume_campaign")
    work()
    assert status(campaign_id) == "paused"

    patch(campaign_id, {"auto_pause": {"max_bounce_rate": 0.6}})
    acted(campaign_id, "resume_campaign")
    work()

    assert status(campaign_id) == "completed"
    assert len(recipients(mails)) == 6


def test_complaints_are_counted_once(mails: MailService, clock: Clock) -> None:
    campaign_id, engine = sent(clock)
    told(campaign_id, clock, COMPLAINT, 3)
    engine.deliver()

    numbers = stats(campaign_id)

    assert (numbers["complained"], numbers["steps"][0]["complained"], numbers["bounced"]) == (3, 3, 0)
