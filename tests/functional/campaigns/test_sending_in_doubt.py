"""A mail that nobody knows the fate of: it waits for the provider's word, and goes out once more at most."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.campaigns import store
from leadflow.campaigns.rules import Sent
from leadflow.channels import store as inbox
from leadflow.core import clock as clocks
from leadflow.core import effects, seams
from tests.functional.campaigns.mailing import (
    CAUSE,
    MailService,
    email_channel,
    html_of,
    lead,
    send,
    shown,
    template,
)
from tests.functional.wire import Killed, counts, interrupted, killed_after
from tests.harness import Clock, call


@pytest.fixture
def unanswered(mails: MailService) -> tuple[str, str]:
    """Lead and template of a mail that the provider took without a word."""
    email_channel()
    lead_id, template_id = lead(), template()
    mails.answers = [None]
    sent = send(lead_id, template_id)
    assert (sent.outcome, sent.wait_until) == ("unknown", clocks.now() + effects.SETTLE_WINDOW)
    return lead_id, template_id


@pytest.mark.parametrize("answer", [None, 500, 503])
def test_a_try_nobody_knows_about_is_not_repeated_before_its_time(
    mails: MailService, clock: Clock, answer: int | None
) -> None:
    email_channel()
    lead_id, template_id = lead(), template()
    mails.answers = [answer]
    first = send(lead_id, template_id)
    taken = len(mails.sent)
    clock.advance(seconds=effects.SETTLE_WINDOW.total_seconds() - 1)

    assert send(lead_id, template_id) == first
    assert len(mails.sent) == taken
    mail = shown(first.email_id)
    assert (mail["status"], mail["outcome"]) == ("queued", "unknown")


def test_a_workflow_mail_is_sent_once_more_after_the_window(
    mails: MailService, clock: Clock, unanswered: tuple[str, str]
) -> None:
    clock.advance(seconds=effects.SETTLE_WINDOW.total_seconds())

    sent = send(*unanswered)

    assert (sent.outcome, len(mails.sent)) == ("accepted", 2)
    assert shown(sent.email_id)["attempt"] == 2
    assert html_of(mails.sent[0]) == html_of(mails.sent[1])


def test_and_never_a_third_time(mails: MailService, clock: Clock, unanswered: tuple[str, str]) -> None:
    mails.answers = [None]
    clock.advance(seconds=effects.SETTLE_WINDOW.total_seconds())
    second = send(*unanswered)
    assert second.outcome == "unknown"
    assert second.wait_until == clocks.now() + effects.SETTLE_WINDOW

    clock.advance(seconds=effects.SETTLE_WINDOW.total_seconds())
    last = send(*unanswered)

    assert (last.outcome, last.wait_until) == ("unknown", None)
    assert len(mails.sent) == 2


def test_evidence_settles_it(mails: MailService, clock: Clock, unanswered: tuple[str, str]) -> None:
    email_id = store.tracking_id(CAUSE)
    clock.advance(minutes=5)
    campaigns.record_event(email_id, "processed", clocks.now(), {})
    clock.advance(days=1)

    sent = send(*unanswered)

    assert (sent.outcome, len(mails.sent)) == ("accepted", 1)
    assert shown(email_id)["sent_at"] == "2026-03-02T09:05:00.000Z"


def test_what_the_provider_told_is_read_before_anything_is_sent_again(
    mails: MailService, clock: Clock, unanswered: tuple[str, str]
) -> None:
    clock.advance(minutes=59)
    inbox.keep_delivery("D1", "CHANNEL", inbox.Posted("sendgrid", "events", b"[]"))
    clock.advance(hours=1)

    assert send(*unanswered).wait_until == clocks.now() + timedelta(seconds=2)
    assert len(mails.sent) == 1

    delivery = inbox.find_delivery("D1")
    assert delivery is not None
    inbox.settle_delivery(delivery, "parked", reason="of no use")
    inbox.keep_delivery("D2", "CHANNEL", inbox.Posted("sendgrid", "events", b"[]"))
    assert send(*unanswered).outcome == "accepted"
    assert len(mails.sent) == 2


def test_the_provider_gets_its_time_anew_after_the_host_was_down(
    mails: MailService, clock: Clock, unanswered: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(hours=2)
    monkeypatch.setenv("HOST_ID", "the next one")
    seams.current().forget("settings")

    assert send(*unanswered).wait_until == clocks.now() + effects.SETTLE_WINDOW
    assert len(mails.sent) == 1

    clock.advance(seconds=effects.SETTLE_WINDOW.total_seconds())
    assert send(*unanswered).outcome == "accepted"


def test_an_open_is_evidence_too(mails: MailService, clock: Clock, unanswered: tuple[str, str]) -> None:
    call("tracking/open", path={"tracking_id": store.tracking_id(CAUSE)}, scopes=None)
    clock.advance(days=1)

    assert send(*unanswered).outcome == "accepted"
    assert len(mails.sent) == 1


def test_who_unsubscribed_meanwhile_is_not_mailed_again(
    mails: MailService, clock: Clock, unanswered: tuple[str, str]
) -> None:
    campaigns.suppress("email", "ada@example.com", "unsubscribe")
    clock.advance(seconds=effects.SETTLE_WINDOW.total_seconds())

    sent = send(*unanswered)

    assert (sent.outcome, len(mails.sent)) == ("unknown", 1)
    clock.advance(seconds=effects.SETTLE_WINDOW.total_seconds())
    assert send(*unanswered).wait_until is None


def test_a_refusal_of_the_second_try_says_nothing_about_the_first(
    mails: MailService, clock: Clock, unanswered: tuple[str, str]
) -> None:
    mails.answers = [400]
    clock.advance(seconds=effects.SETTLE_WINDOW.total_seconds())

    assert send(*unanswered).outcome == "unknown"
    campaigns.record_event(store.tracking_id(CAUSE), "delivered", clocks.now(), {})
    assert send(*unanswered).outcome == "accepted"


def test_a_provider_that_reports_before_it_answers_wins(mails: MailService) -> None:
    email_channel()
    lead_id, template_id = lead(), template()

    def report(mail: dict[str, Any]) -> None:
        email_id = mail["personalizations"][0]["custom_args"]["lf_id"]
        campaigns.record_event(email_id, "delivered", clocks.now(), {})

    mails.before_answer = report
    mails.answers = [None, 202]

    assert send(lead_id, template_id, ("lost answer",)).outcome == "accepted"
    sent = send(lead_id, template_id, ("late answer",))
    assert sent.outcome == "accepted"
    assert shown(sent.email_id)["status"] == "delivered"
    assert shown(sent.email_id)["provider_message_id"] == "provider-2"


def test_a_campaigns_mail_is_never_sent_again(mails: MailService, clock: Clock, unanswered: tuple[str, str]) -> None:
    mail = store.find_mail(store.tracking_id(CAUSE))
    assert mail is not None
    store.amend(mail, lambda _: {"campaign_id": "CAMP1"})
    clock.advance(seconds=effects.SETTLE_WINDOW.total_seconds())

    assert send(*unanswered).wait_until is None
    assert len(mails.sent) == 1


def test_reconcile_marks_what_nobody_is_at_and_sends_nothing(mails: MailService, clock: Clock) -> None:
    email_channel()
    mail = claimed(lead(), template())
    effects.begin(mail)
    assert not any(campaigns.reconcile().values())

    clock.advance(seconds=effects.LEASE.total_seconds() + 1)
    assert campaigns.reconcile()["mails_unknown"] == 1
    assert shown(mail.id)["outcome"] == "unknown"
    assert not any(campaigns.reconcile().values())
    assert due_mails() == [mail.id]

    clock.advance(seconds=effects.SETTLE_WINDOW.total_seconds())
    assert campaigns.reconcile()["mails_closed"] == 1
    assert due_mails() == []
    assert shown(mail.id)["outcome"] == "unknown"
    assert mails.sent == []


def test_a_mail_of_an_earlier_host_is_nobodys(mails: MailService, monkeypatch: pytest.MonkeyPatch) -> None:
    email_channel()
    mail = claimed(lead(), template())
    effects.begin(mail)

    monkeypatch.setenv("HOST_ID", "the next one")
    seams.current().forget("settings")

    assert campaigns.reconcile()["mails_unknown"] == 1


def test_a_claim_that_nobody_comes_back_to_is_given_up_after_a_week(mails: MailService, clock: Clock) -> None:
    email_channel()
    lead_id, template_id = lead(), template()
    mail = claimed(lead_id, template_id)
    clock.advance(days=6)
    assert campaigns.reconcile()["mails_abandoned"] == 0

    clock.advance(days=1)
    assert campaigns.reconcile()["mails_abandoned"] == 1

    assert due_mails() == []
    assert send(lead_id, template_id) == Sent(mail.id, "skipped", "abandoned")
    assert mails.sent == []


def test_an_abandoned_second_try_stays_unknown(mails: MailService, clock: Clock, unanswered: tuple[str, str]) -> None:
    clock.advance(seconds=effects.SETTLE_WINDOW.total_seconds())
    mail = store.find_mail(store.tracking_id(CAUSE))
    assert mail is not None
    store.begin_again(mail)
    clock.advance(days=7)

    assert campaigns.reconcile()["mails_unknown"] == 1
    assert shown(mail.id)["outcome"] == "unknown"


def test_settled_mails_leave_the_due_index(mails: MailService) -> None:
    email_channel()
    lead_id, template_id = lead(), template()
    mails.answers = [202, 400]

    send(lead_id, template_id, ("accepted",))
    send(lead_id, template_id, ("rejected",))

    assert due_mails() == []
    assert counts()["EmailSent"] == 2


def test_reconcile_leaves_alone_what_somebody_has_just_moved(mails: MailService, clock: Clock) -> None:
    email_channel()
    mail = claimed(lead(), template())
    effects.begin(mail)
    clock.advance(seconds=effects.LEASE.total_seconds() + 1)

    def report() -> None:
        campaigns.record_event(mail.id, "processed", clocks.now(), {})

    with interrupted(report, operation="UpdateItem"):
        assert campaigns.reconcile()["mails_unknown"] == 0
    assert shown(mail.id)["outcome"] == "accepted"


def claimed(lead_id: str, template_id: str) -> store.EmailSent:
    """A mail whose sender died right after claiming it."""
    # The claim is the one transaction of a send.
    with pytest.raises(Killed), killed_after("TransactWriteItems"):
        send(lead_id, template_id)
    mail = store.find_mail(store.tracking_id(CAUSE))
    assert mail is not None
    return mail


def due_mails() -> list[str]:
    return [mail.id for mail in store.waiting_mails()]
