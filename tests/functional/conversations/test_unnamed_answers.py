"""Mails that come in and name none of ours: whether they answer a campaign, and which mail of it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from leadflow.campaigns import store
from leadflow.campaigns.rules import states
from leadflow.core import clock as core_clock
from tests.functional.campaigns.campaigning import campaign, mail_of, move
from tests.functional.campaigns.mailing import send, template
from tests.functional.channels.accounts import make
from tests.functional.channels.provider import Provider
from tests.functional.conversations.talking import deliver, lead_id, say
from tests.functional.conversations.test_mail import mail, post
from tests.functional.webhooks.posts import queued, work
from tests.functional.webhooks.services import MAIL
from tests.functional.wire import Killed, killed_after
from tests.harness import Clock, call


def sent(campaign_id: str, step_number: int, lead_id: str, clock: Clock, **fields: Any) -> str:
    """A mail that a campaign's step has sent to a lead; the id. Some hours pass."""
    mail = mail_of(campaign_id, step_number, lead_id=lead_id, recipient_email="ana@example.com", **fields)
    move(mail, partial(states.accepted, at=core_clock.now_stamp()))
    clock.advance(hours=3)
    return str(mail.id)


def replied(*mail_ids: str) -> list[str | None]:
    return [call("campaigns/get_email", path={"email_id": one}).json["replied_at"] for one in mail_ids]


@pytest.fixture
def ana(provider: Provider) -> str:
    return lead_id(email="ana@example.com")


def test_who_answers_without_naming_a_mail_answers_the_last_one_of_the_campaign(ana: str, clock: Clock) -> None:
    campaign_id, channel = campaign(), make(MAIL)
    first, second = sent(campaign_id, 1, ana, clock), sent(campaign_id, 2, ana, clock)

    for _ in range(2):
        mail("m1@example.com", "Yes please", channel=channel)
    noted = replied(first, second)
    assert (noted[0], noted[1] is not None) == (None, True)

    clock.advance(minutes=5)
    mail("m2@example.com", "And one more thing", channel=channel)
    assert replied(first, second) == noted
    third = sent(campaign_id, 3, ana, clock)
    mail("m1@example.com", "Yes please", channel=channel)
    assert replied(third) == [None]


def test_who_dies_after_noting_the_answer_notes_it_once(ana: str, clock: Clock) -> None:
    campaign_id, channel = campaign(), make(MAIL)
    first = sent(campaign_id, 1, ana, clock)
    post(channel, "m1@example.com", "Yes please")
    delivered = queued()

    with killed_after("TransactWriteItems"), pytest.raises(Killed):
        work(*delivered)
    noted = replied(first)
    assert noted != [None]
    second = sent(campaign_id, 2, ana, clock)
    assert work(*delivered) == []

    assert replied(first, second) == [*noted, None]


def test_of_several_campaigns_the_subject_tells(ana: str, clock: Clock) -> None:
    one, other, channel = campaign(), campaign(), make(MAIL)
    first = sent(one, 1, ana, clock, subject="Our spring offer")
    second = sent(other, 1, ana, clock, subject="News of March")

    mail("m1@example.com", "Hello?", channel=channel)
    assert replied(first, second) == [None, None]
    mail("m2@example.com", "Hello?", subject="RE: Fwd: our spring offer", channel=channel)
    assert [at is not None for at in replied(first, second)] == [True, False]


@pytest.mark.parametrize(
    "headers", ["In-Reply-To: <other@example.com>\r\n", "References: <other@example.com>\r\n", "Precedence: list\r\n"]
)
def test_what_names_another_mail_or_comes_from_a_machine_answers_none(headers: str, ana: str, clock: Clock) -> None:
    channel = make(MAIL)
    mail_id = sent(campaign(), 1, ana, clock)

    mail("m1@example.com", "Hello", headers=headers, channel=channel)

    assert replied(mail_id) == [None]


def test_a_mail_to_somebody_to_whom_we_wrote_since_may_answer_that(ana: str, provider: Provider, clock: Clock) -> None:
    channel = mail("m1@example.com", "How much is it?")
    mail_id = sent(campaign(), 1, ana, clock)
    provider.answers(202, b"", {"X-Message-Id": "abc"})
    say("Ten dollars")
    deliver()
    clock.advance(minutes=5)

    mail("m2@example.com", "Thank you", channel=channel)

    assert replied(mail_id) == [None]


def test_a_mail_in_doubt_may_be_what_is_answered(ana: str, clock: Clock) -> None:
    channel, campaign_id = make(MAIL), campaign()
    first = sent(campaign_id, 1, ana, clock)
    in_doubt = mail_of(campaign_id, 2, lead_id=ana)
    clock.advance(hours=1)

    mail("m1@example.com", "Hello", channel=channel)

    assert replied(first, in_doubt.id) == [None, None]


def test_a_mail_of_a_workflow_may_be_what_is_answered(ana: str, provider: Provider, clock: Clock) -> None:
    channel = make(MAIL)
    mail_id = sent(campaign(), 1, ana, clock)
    provider.answers(202, b"", {"X-Message-Id": "req1"})
    by_workflow = send(ana, template()).email_id
    clock.advance(hours=1)

    mail("m1@example.com", "Hello", channel=channel)

    assert replied(mail_id, by_workflow) == [None, None]


def test_a_mail_that_came_back_is_not_answered(ana: str, clock: Clock) -> None:
    channel, campaign_id = make(MAIL), campaign()
    mail_id = sent(campaign_id, 1, ana, clock)
    found = store.find_mail(mail_id)
    assert found is not None
    move(found, states.reported, "bounce", core_clock.now_stamp(), {})

    mail("m1@example.com", "Hello", channel=channel)

    assert replied(mail_id) == [None]


def test_a_mail_of_long_ago_is_not_answered_without_being_named(ana: str, clock: Clock) -> None:
    channel = make(MAIL)
    mail_id = sent(campaign(), 1, ana, clock)
    clock.advance(days=30)

    mail("m1@example.com", "Hello", channel=channel)

    assert replied(mail_id) == [None]
