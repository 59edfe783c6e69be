"""POST /t/{tracking_id}/unsubscribe."""

from __future__ import annotations

import contextlib
import json

import pytest

from leadflow.campaigns import service as campaigns
from leadflow.campaigns.store import mails as kept_mails
from leadflow.core import table
from tests.functional.campaigns.mailing import MailService, send, sent_mail, shown, template
from tests.functional.tracking.reading import buttons
from tests.functional.wire import Killed, counts, killed_at, stored
from tests.harness import Answer, Clock, call

FORM = {"content-type": "application/x-www-form-urlencoded"}


def leave(
    tracking_id: str, body: bytes | None = b"List-Unsubscribe=One-Click", headers: dict[str, str] = FORM
) -> Answer:
    return call("tracking/unsubscribe", body, path={"tracking_id": tracking_id}, headers=headers, scopes=None)


@pytest.mark.parametrize("body", [b"List-Unsubscribe=One-Click", b"confirm=yes", b"", None, b"\xff\x00", b"{}"])
def test_one_post_is_enough_whatever_it_says(mails: MailService, body: bytes | None) -> None:
    email_id = sent_mail()

    answer = leave(email_id, None if body is None else body.decode("latin-1").encode())

    assert answer.status == 200
    assert "You are unsubscribed" in answer.text
    assert campaigns.is_suppressed("email", "ada@example.com") == "unsubscribe"


def test_what_is_kept_of_it(mails: MailService, clock: Clock) -> None:
    email_id = sent_mail()
    clock.advance(minutes=1)

    leave(email_id)

    [suppression] = stored("Suppression")
    assert suppression["pk"]["S"].startswith("SUP#email#")
    assert suppression["address"]["S"] == "ada@example.com"
    assert (suppression["reason"]["S"], suppression["source"]["S"]) == ("unsubscribe", email_id)
    assert suppression["gsi1sk"]["S"] == f"2026-03-02T09:01:00.000Z#{suppression['id']['S']}"
    assert shown(email_id)["unsubscribed_at"] == "2026-03-02T09:01:00.000Z"
    assert shown(email_id)["status"] == "sent"
    [event] = stored("EmailEvent")
    assert event["event"]["S"] == "unsubscribe"


def test_nothing_is_sent_to_the_address_any_more(mails: MailService) -> None:
    email_id = sent_mail()
    leave(email_id)

    sent = send(shown(email_id)["lead_id"], template(), ("the next",))

    assert (sent.outcome, sent.reason) == ("skipped", "suppressed:unsubscribe")
    assert len(mails.sent) == 1


def test_again_is_the_same(mails: MailService, clock: Clock) -> None:
    email_id = sent_mail()
    leave(email_id)
    clock.advance(days=1)

    assert leave(email_id).status == 200

    assert len(stored("Suppression")) == 1
    assert shown(email_id)["unsubscribed_at"] == "2026-03-02T09:00:00.000Z"


def test_an_id_we_do_not_know_is_a_plain_page_and_leaves_no_trace(mails: MailService) -> None:
    sent_mail()
    before = counts()

    answer = leave("1aaaaaaaaaaaaaaaaaaaaaa")

    assert answer.status == 404
    assert "This page does not exist" in answer.text
    assert counts() == before


def test_the_suppression_counts_even_if_the_rest_cannot_be_written(
    mails: MailService, monkeypatch: pytest.MonkeyPatch
) -> None:
    email_id = sent_mail()

    def stale(*_: object, **__: object) -> None:
        raise table.Stale("x")

    monkeypatch.setattr(kept_mails, "_change", stale)

    assert leave(email_id).status == 200
    assert campaigns.is_suppressed("email", "ada@example.com") == "unsubscribe"


def take_back(tracking_id: str) -> Answer:
    return leave(tracking_id, b"undo=yes")


def test_x18_a_mistake_can_be_taken_back_for_half_an_hour(mails: MailService, clock: Clock) -> None:
    email_id = sent_mail()
    assert buttons(leave(email_id)) == [("undo", "Keep getting emails")]
    clock.advance(minutes=30)

    for _ in range(2):
        answer = take_back(email_id)
        assert (answer.status, "You are subscribed again" in answer.text) == (200, True)

    assert campaigns.is_suppressed("email", "ada@example.com") is None
    assert shown(email_id)["unsubscribed_at"] is None
    assert [one["event"]["S"] for one in stored("EmailEvent")] == ["unsubscribe", "resubscribe"]
    assert call("suppressions/list_suppressions").json["items"] == []
    assert "ada@example.com" not in json.dumps(stored("Suppression"))
    leave(email_id)
    assert campaigns.is_suppressed("email", "ada@example.com") == "unsubscribe"
    assert shown(email_id)["unsubscribed_at"] == "2026-03-02T09:30:00.000Z"
    [listed] = call("suppressions/list_suppressions").json["items"]
    assert (listed["address"], listed["source"]) == ("ada@example.com", email_id)


def test_later_it_stays(mails: MailService, clock: Clock) -> None:
    email_id = sent_mail()
    leave(email_id)
    clock.advance(minutes=31)

    answer = take_back(email_id)

    assert ("You are unsubscribed" in answer.text, buttons(answer)) == (True, [])
    assert buttons(leave(email_id)) == []
    assert campaigns.is_suppressed("email", "ada@example.com") == "unsubscribe"


def test_what_another_mail_or_a_complaint_did_is_not_taken_back(mails: MailService) -> None:
    first = sent_mail()
    second = send(shown(first)["lead_id"], template(), ("another",)).email_id
    leave(first)

    assert buttons(leave(second)) == []
    assert "You are unsubscribed" in take_back(second).text
    campaigns.suppress("email", "ada@example.com", "spam_report", source=first)
    assert "You are unsubscribed" in take_back(first).text
    assert campaigns.is_suppressed("email", "ada@example.com") == "spam_report"


@pytest.mark.parametrize("dies_at", range(1, 6))
@pytest.mark.parametrize("sent", [False, True])
def test_taking_back_goes_on_wherever_it_dies(mails: MailService, dies_at: int, sent: bool) -> None:
    email_id = sent_mail()
    leave(email_id)
    with contextlib.suppress(Killed), killed_at(dies_at, sent=sent):
        take_back(email_id)

    take_back(email_id)

    assert campaigns.is_suppressed("email", "ada@example.com") is None
    assert shown(email_id)["unsubscribed_at"] is None


def test_who_never_left_takes_nothing_back(mails: MailService) -> None:
    email_id = sent_mail()

    assert take_back(email_id).status == 200
    assert stored("EmailEvent") == []
    assert take_back("1aaaaaaaaaaaaaaaaaaaaaa").status == 404
