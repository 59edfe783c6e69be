"""GET /t/{tracking_id}/unsubscribe."""

from __future__ import annotations

from tests.functional.campaigns.mailing import MailService, sent_mail
from tests.functional.wire import counts
from tests.harness import Answer, call


def page(tracking_id: str, **query: str) -> Answer:
    return call("tracking/unsubscribe_page", path={"tracking_id": tracking_id}, query=query, scopes=None)


def test_x18_it_asks_and_changes_nothing(mails: MailService) -> None:
    """X18: a scanner that follows the link takes nobody out of the mailing."""
    email_id = sent_mail()
    before = counts()

    for _ in range(3):
        answer = page(email_id, confirm="yes")

    assert answer.status == 200
    assert '<form method="post">' in answer.text
    assert counts() == before


def test_it_says_nothing_about_the_person(mails: MailService) -> None:
    assert "ada" not in page(sent_mail()).text.lower()


def test_it_is_not_kept_and_sends_nothing_elsewhere(mails: MailService) -> None:
    headers = page(sent_mail()).headers

    assert headers["cache-control"] == "no-store"
    assert "form-action 'self'" in headers["content-security-policy"]


def test_an_id_we_do_not_know_is_a_plain_page() -> None:
    answer = page("1aaaaaaaaaaaaaaaaaaaaaa")

    assert answer.status == 404
    assert "<form" not in answer.text
