"""What a person writes, on any channel, ends the sequences they are in; what a machine writes does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from leadflow.core import seams
from tests.functional.campaigns.mailing import MailService, email_channel, lead, mail_service
from tests.functional.campaigns.running import acted, ready, reconciled, tally, work
from tests.functional.channels.accounts import MESSENGER, make
from tests.functional.conversations.talking import ANA, arrive, change, conversation, say, write
from tests.functional.conversations.test_mail import mail
from tests.functional.leads.merging import merged
from tests.functional.webhooks.services import SMS, meta_message, meta_post, post_meta
from tests.harness import Clock, call


@pytest.fixture
def mails(cloud: seams.Seams) -> Iterator[MailService]:
    with mail_service() as service:
        yield service


@pytest.fixture
def campaign_id(mails: MailService) -> str:
    """A campaign of two steps, the first of which went out to everybody there was."""
    email_channel()
    lead(name="Ana", email="ana@example.com", phone=ANA)
    made = ready(steps=2)
    acted(made, "launch_campaign")
    work()
    assert tally(made, 1) == {"accepted": 1}
    return made


def second_step(campaign_id: str, clock: Clock) -> dict[str, int]:
    reconciled(clock, hours=25)
    return dict(tally(campaign_id, 2))


def test_by_sms(campaign_id: str, clock: Clock) -> None:
    write(make(SMS), "Call me")

    assert second_step(campaign_id, clock) == {"replied": 1}


def test_by_mail(campaign_id: str, clock: Clock) -> None:
    mail("m1@example.com", "Call me")

    assert second_step(campaign_id, clock) == {"replied": 1}


def test_in_a_chat(campaign_id: str, clock: Clock) -> None:
    (ana,) = call("leads/list_leads").json["items"]
    chat = call("conversations/create_conversation", {"channel": "chat", "lead_id": ana["id"]}).json["id"]
    say("Call me", chat, role="user")

    assert second_step(campaign_id, clock) == {"replied": 1}


def test_by_a_merged_identity(campaign_id: str, clock: Clock) -> None:
    channel = make(MESSENGER)

    def told(mid: str, **echo: Any) -> None:
        said = meta_message(mid, "Hello", at=int(clock.moment.timestamp() * 1000))
        assert post_meta(channel, meta_post({**said, "message": {**said["message"], **echo}})).status == 200
        arrive()

    (ana,) = call("leads/list_leads").json["items"]
    told("m_0")
    other = next(one for one in call("leads/list_leads").json["items"] if one["id"] != ana["id"])
    merged(ana["id"], other["id"])
    told("m_1")

    assert second_step(campaign_id, clock) == {"replied": 1}


def test_out_of_office_is_no_reply(campaign_id: str, clock: Clock) -> None:
    mail("m1@example.com", "I am away", headers="Auto-Submitted: auto-replied")

    assert second_step(campaign_id, clock) == {"accepted": 1}


def test_what_was_written_before_the_campaign_stops_nothing_when_it_is_read_again(
    mails: MailService, clock: Clock
) -> None:
    email_channel()
    lead(name="Ana", email="ana@example.com", phone=ANA)
    channel = make(SMS)
    write(channel, "Hello")
    clock.advance(hours=1)
    made = ready(steps=2)
    acted(made, "launch_campaign")
    work()

    write(channel, "Hello")

    assert second_step(made, clock) == {"accepted": 1}


@pytest.mark.parametrize(("status", "outcome"), [("transferred", "replied"), ("closed", "accepted")])
def test_somebody_of_ours_takes_over(campaign_id: str, clock: Clock, status: str, outcome: str) -> None:
    (ana,) = call("leads/list_leads").json["items"]
    chat = call("conversations/create_conversation", {"channel": "chat", "lead_id": ana["id"]}).json["id"]

    assert change(chat, status=status).status == 200

    assert second_step(campaign_id, clock) == {outcome: 1}


@pytest.mark.parametrize(("tag", "outcome"), [("HUMAN_AGENT", "replied"), (None, "accepted")])
def test_words_of_a_person_of_ours(mails: MailService, clock: Clock, tag: str | None, outcome: str) -> None:
    at = int(clock.moment.timestamp() * 1000)
    assert post_meta(make(MESSENGER), meta_post(meta_message("m_0", "Hello", at=at))).status == 200
    arrive()
    ana = conversation()["lead_id"]
    call("leads/update_lead", {"email": "ana@example.com"}, path={"lead_id": ana})
    email_channel()
    clock.advance(hours=1)
    made = ready(steps=2)
    acted(made, "launch_campaign")
    work()

    assert say("Let me look into that", tag=tag).status == 202

    assert second_step(made, clock) == {outcome: 1}
