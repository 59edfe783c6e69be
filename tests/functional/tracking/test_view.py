"""GET /t/{tracking_id}/view."""

from __future__ import annotations

import pytest

from tests.functional.campaigns.mailing import MailService, email_channel, html_of, lead, send, sent_mail, template
from tests.functional.wire import counts
from tests.harness import Answer, call


def view(tracking_id: str) -> Answer:
    return call("tracking/view", path={"tracking_id": tracking_id}, scopes=None)


def test_the_mail_is_shown_as_it_was_sent(mails: MailService) -> None:
    email_id = sent_mail()
    before = counts()

    answer = view(email_id)

    assert answer.status == 200
    assert answer.text == html_of(mails.sent[0])
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert counts() == before


def test_it_can_run_nothing_and_speaks_not_for_our_address(mails: MailService) -> None:
    policy = view(sent_mail()).headers["content-security-policy"]

    assert policy.startswith("sandbox allow-popups")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("tracking_id", ["1aaaaaaaaaaaaaaaaaaaaaa", "x", "preview", "a" * 3000])
def test_an_id_we_do_not_know_is_a_plain_page(tracking_id: str) -> None:
    answer = view(tracking_id)

    assert answer.status == 404
    assert "This page does not exist" in answer.text


def test_a_mail_that_was_skipped_is_nothing_to_see(mails: MailService) -> None:
    email_channel()
    skipped = send(lead(consent={"email": {"opted_in": False}}), template())

    assert view(skipped.email_id).status == 404
