"""Goals of campaigns that are events: whoever did it gets no more mails, and counts once, also after the last one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.campaigns.service import cohorts, recounting
from tests.functional import wire
from tests.functional.activities.plans import appointment
from tests.functional.campaigns.campaigning import patch, stats
from tests.functional.campaigns.mailing import MailService, email_channel, lead
from tests.functional.campaigns.running import (
    acted,
    begun,
    mails_of,
    people,
    ready,
    recipients,
    reconciled,
    status,
    tally,
    work,
)
from tests.functional.channels.accounts import make
from tests.functional.conversations.talking import ANA, write
from tests.functional.webhooks.services import SMS
from tests.functional.wire import interrupted
from tests.functional.workflows.engine import Engine
from tests.harness import Clock, call

FORM = {"event": "form_submitted"}
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"


@pytest.fixture(autouse=True)
def channel(mails: MailService) -> None:
    email_channel()


def launched(steps: int = 2, **fields: Any) -> str:
    campaign_id = ready(steps=steps, **fields)
    acted(campaign_id, "launch_campaign")
    work()
    return campaign_id


def submit(lead_id: str) -> None:
    body = {"signal_type": "form_submit", "signal_data": {"form_id": "contact"}}
    assert call("signals/record_signal", body, path={"lead_id": lead_id}).status == 201


def meet(lead_id: str) -> None:
    appointment(lead_id, "2026-03-09T09:00:00Z")


def text(lead_id: str) -> None:
    call("leads/update_lead", {"phone": ANA}, path={"lead_id": lead_id})
    write(make(SMS), "Hello", sid="SM1")


DONE: list[tuple[str, Callable[[str], None]]] = [
    ("form_submitted", submit),
    ("appointment_scheduled", meet),
    ("message_received", text),
]


@pytest.mark.parametrize(("event", "do"), DONE)
def test_who_does_it_gets_no_more_and_counts_once(
    mails: MailService, clock: Clock, engine: Engine, event: str, do: Callable[[str], None]
) -> None:
    first, _ = people(2)
    campaign_id = launched(goal={"event": event})
    clock.advance(hours=1)
    do(first)
    do_again = engine.changes()
    for _ in range(2):
        engine.deliver(do_again)
    assert stats(campaign_id)["converted"] == 0, "the stream has yet to tell of it"
    engine.deliver()

    reconciled(clock, hours=24)
    engine.deliver()

    told = stats(campaign_id)
    assert tally(campaign_id, 2) == {"accepted": 1, "goal_reached": 1}
    assert (told["converted"], told["pending"]) == (1, 0)
    assert len(recipients(mails)) == 3
    assert status(campaign_id) == "completed"
    assert recounting.recount_campaign(campaign_id) == (0, 0)


def test_after_the_last_mail_it_still_counts_for_thirty_days(mails: MailService, clock: Clock, engine: Engine) -> None:
    first, second, third = people(3)
    campaign_id = launched(steps=1, goal=FORM)
    assert status(campaign_id) == "completed"

    clock.advance(days=2)
    submit(first)
    submit(first)
    engine.deliver()
    clock.advance(days=20)
    submit(second)
    engine.deliver()
    clock.advance(days=9)
    submit(third)
    engine.deliver()
    engine.deliver()

    assert stats(campaign_id)["converted"] == 2
    assert recounting.recount_campaign(campaign_id) == (0, 0)


def test_a_condition_that_comes_true_after_the_last_mail_counts_too(clock: Clock, engine: Engine) -> None:
    first, _ = people(2)
    campaign_id = launched(steps=1, goal={"condition": {"field": "lead.status", "op": "eq", "value": "closed_won"}})
    clock.advance(days=2)

    for wanted in ("contacted", "closed_won", "closed_lost", "closed_won"):
        assert call("leads/update_lead", {"status": wanted}, path={"lead_id": first}).status == 200
        engine.deliver()
    engine.deliver()

    assert stats(campaign_id)["converted"] == 1


def test_what_was_done_before_joining_or_by_others_is_no_goal(mails: MailService, clock: Clock, engine: Engine) -> None:
    first, _ = people(2)
    submit(first)
    clock.advance(minutes=1)
    campaign_id = launched(goal=FORM)
    other = lead(name="Other", email="other@example.com")
    clock.advance(minutes=1)
    submit(other)
    engine.deliver()

    reconciled(clock, hours=25)
    engine.deliver()

    assert tally(campaign_id, 2) == {"accepted": 2}
    assert stats(campaign_id)["converted"] == 0


def test_a_click_counts_for_the_campaign_whose_mail_it_is_in_and_only_by_people(clock: Clock, engine: Engine) -> None:
    people(2)
    one, other = launched(goal={"event": "email_clicked"}), launched(goal={"event": "email_clicked"})
    by_person, by_machine = sorted(mails_of(one), key=lambda mail: mail.recipient_email)
    clock.advance(hours=1)
    click = {"url": "https://example.com", "useragent": BROWSER}
    campaigns.record_event(by_person.id, "click", clock(), click)
    campaigns.record_event(by_machine.id, "open", clock(), {"useragent": BROWSER, "sg_machine_open": True})
    campaigns.record_event(by_machine.id, "click", clock(), {**click, "sg_machine_open": True})
    engine.deliver()

    reconciled(clock, hours=24)
    engine.deliver()

    assert tally(one, 2) == {"accepted": 1, "goal_reached": 1}
    assert tally(other, 2) == {"accepted": 2}
    assert (stats(one)["converted"], stats(other)["converted"]) == (1, 0)


def test_what_is_done_while_the_last_mail_goes_out_counts(clock: Clock, engine: Engine) -> None:
    [lead_id] = people(1)
    campaign_id = ready(goal=FORM)
    acted(campaign_id, "launch_campaign")
    work(messages=0)
    begun(campaign_id)

    def submitted() -> None:
        submit(lead_id)
        engine.deliver()

    with interrupted(submitted, operation="TransactWriteItems"):
        work()
    engine.deliver()

    assert tally(campaign_id) == {"accepted": 1}
    assert stats(campaign_id)["converted"] == 1


def test_a_goal_that_is_given_later_is_listened_for_from_then_on(clock: Clock, engine: Engine) -> None:
    first, _ = people(2)
    campaign_id = launched()
    assert "ListeningCampaign" not in wire.counts()
    clock.advance(hours=1)
    assert patch(campaign_id, {"goal": FORM}).status == 200
    submit(first)
    engine.deliver()

    reconciled(clock, hours=24)

    assert tally(campaign_id, 2) == {"accepted": 1, "goal_reached": 1}
    assert patch(campaign_id, {"goal": None}).status == 409


def test_a_merged_lead_comes_to_the_goal_by_any_of_its_parts(clock: Clock, engine: Engine) -> None:
    member, other = people(2)
    audience = {"field": "lead.email", "op": "in", "value": ["lead1@example.com"]}
    campaign_id = launched(goal=FORM, target_audience=audience)
    call("leads/merge_leads", {"source_lead_id": member}, path={"lead_id": other})
    clock.advance(hours=1)
    submit(other)
    engine.deliver()

    reconciled(clock, hours=24)
    engine.deliver()

    assert tally(campaign_id, 2) == {"goal_reached": 1}
    assert stats(campaign_id)["converted"] == 1


def test_whoever_dies_counts_it_once(clock: Clock, engine: Engine) -> None:
    """The reader dies at each of its calls, and the batch comes again."""
    [lead_id] = people(1)
    campaign_id = launched(steps=1, goal=FORM)
    engine.deliver()
    clock.advance(hours=1)
    submit(lead_id)
    records = engine.changes()
    for number in range(1, 9):
        try:
            with wire.killed_at(number, sent=True):
                engine.deliver(records)
        except wire.Killed:
            continue
    engine.deliver(records)
    engine.deliver()

    assert stats(campaign_id)["converted"] == 1


def test_nobody_listens_for_what_is_no_goal(clock: Clock, engine: Engine) -> None:
    [lead_id] = people(1)
    launched(goal=FORM)
    engine.deliver()
    meet(lead_id)
    engine.deliver()

    assert "SequenceStop" not in wire.counts()
    assert cohorts.reconcile() == {"cohorts_woken": 0}
