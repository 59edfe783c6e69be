"""A cohort that is begun late, or found waiting, tells how late it is, and a campaign that stands still is told."""

from __future__ import annotations

import json

from leadflow.campaigns.service import announcing
from leadflow.campaigns.store import cohorts as runs
from tests.functional.campaigns.mailing import MailService, email_channel, lead
from tests.functional.campaigns.running import (
    act,
    acted,
    lose_everything,
    people,
    ready,
    reconciled,
    send,
    status,
    take_delayed,
    take_messages,
    tally,
    work,
)
from tests.functional.conftest import Told
from tests.harness import Clock, door

STALLED = ("StalledCampaigns", 1)


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
    # When it is found, and when it begins.
    assert told() == [("ScheduleLag", 2400)] * 2


def test_a_pause_is_no_delay(mails: MailService, clock: Clock, told: Told) -> None:
    campaign_id = launched()
    work(messages=0)
    acted(campaign_id, "pause_campaign")
    work()
    clock.advance(days=3)
    assert act(campaign_id, "resume_campaign").status in (200, 202)
    work()
    assert told() == []


def looked_in_vain(clock: Clock, minutes: float = 15) -> None:
    """Some time later reconcile has looked, and all that it sent out is lost."""
    lose_everything()
    clock.advance(minutes=minutes)
    door("platform/reconcile")({}, None)


def test_x03_a_campaign_whose_messages_never_come_is_told_until_it_moves(
    mails: MailService, clock: Clock, told: Told
) -> None:
    campaign_id = launched()
    work(messages=0)

    heard = []
    for _ in range(4):
        looked_in_vain(clock)
        heard.append(told())

    late = [[("ScheduleLag", minutes * 60)] for minutes in (15, 30, 45, 60)]
    assert heard == [late[0], late[1], [*late[2], STALLED], [*late[3], STALLED]]
    work()
    assert told() == [("ScheduleLag", 3600)]
    assert status(campaign_id) == "completed"
    looked_in_vain(clock)
    assert told() == []


def test_x03_an_audience_that_nobody_puts_into_cohorts_is_told(clock: Clock, told: Told) -> None:
    campaign_id = launched()
    looked_in_vain(clock, 20)
    assert told() == []
    looked_in_vain(clock, 20)
    assert told() == [STALLED]
    acted(campaign_id, "pause_campaign")
    looked_in_vain(clock, 20)
    assert told() == []
    acted(campaign_id, "resume_campaign")
    looked_in_vain(clock, 20)
    assert told() == []


def test_x03_workers_that_die_each_time_are_told(clock: Clock, told: Told) -> None:
    campaign_id = launched()
    work(messages=0)
    for heard in ([], [STALLED]):
        [cohort] = runs.cohorts_of(campaign_id)
        runs.take_cohort(cohort)
        looked_in_vain(clock, 20)
        assert told() == heard


def test_x03_a_provider_that_always_wants_less_is_told(mails: MailService, clock: Clock, told: Told) -> None:
    """Whoever puts the cohort off tells it: to reconcile it is never overdue."""
    campaign_id = launched()
    mails.answers = [429] * 3
    work()
    heard = []
    for minutes in (20, 20, 1):
        clock.advance(minutes=minutes)
        [body] = take_delayed()
        send(body)
        heard.append(told())
    assert heard == [[("ScheduleLag", 1200)], [("ScheduleLag", 2400), STALLED], [("ScheduleLag", 2460)]]
    assert status(campaign_id) == "completed"


def test_x03_a_campaign_moves_as_long_as_one_of_its_cohorts_does(mails: MailService, clock: Clock, told: Told) -> None:
    campaign_id = launched()
    work(messages=0)
    [first] = runs.cohorts_of(campaign_id)
    newcomer = [lead(name="Grace", email="grace@example.com")]
    times = {"joined_at": first.joined_at, "since": first.since}
    second, members = runs.new_cohort(campaign_id, first.step_id, 1, newcomer, ("late",), due_at=clock(), **times)

    def add(writes: runs.TransactWrite) -> None:
        runs.put_new(writes, second, members)
        runs.count_cohorts(writes, campaign_id, 1)

    runs.committed(add)
    looked_in_vain(clock, 25)
    send(json.dumps(announcing.message_of(second)))
    looked_in_vain(clock, 20)
    assert STALLED not in told()
    assert tally(campaign_id) == {"accepted": 1}
    looked_in_vain(clock, 20)
    assert STALLED in told()


def test_x49_a_crowd_that_is_served_slowly_tells_how_long_after_its_time_each_is(
    mails: MailService, clock: Clock, told: Told
) -> None:
    """Two campaigns at once, and the workers manage one in five hours, while reconcile wakes what waits."""
    email_channel()
    people(1)
    for _ in range(2):
        acted(ready(), "launch_campaign")
    work(messages=0)

    for hours in (5, 10):
        for _ in range(2):
            looked_in_vain(clock, 150)
        told()
        send(take_messages()[0])
        assert told() == [("ScheduleLag", hours * 3600)]

    assert len(mails.sent) == 2
