"""GET /t/{tracking_id}/c/{link}."""

from __future__ import annotations

import pytest

from leadflow.campaigns.store import mails as kept_mails
from leadflow.core import table
from tests.functional.campaigns.mailing import MailService, email_channel, lead, send, sent_mail, shown, template
from tests.functional.wire import counts, stored
from tests.harness import Answer, Clock, call

BROWSER = {"user-agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"}
SCANNER = {"user-agent": "Barracuda"}


def follow(tracking_id: str, link: str, headers: dict[str, str] | None = None, **query: str) -> Answer:
    path = {"tracking_id": tracking_id, "link": link}
    return call("tracking/click", path=path, headers=BROWSER if headers is None else headers, query=query, scopes=None)


def signals(lead_id: str) -> list[dict[str, object]]:
    items: list[dict[str, object]] = call("signals/list_signals", path={"lead_id": lead_id}).json["items"]
    return items


def test_a_link_leads_to_its_address(mails: MailService) -> None:
    email_id = sent_mail()

    answer = follow(email_id, "1")

    assert (answer.status, answer.text) == (302, "")
    assert answer.headers["location"] == "https://example.com/pricing"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert follow(email_id, "2").headers["location"] == "https://example.com/u/ada@example.com"


@pytest.mark.parametrize("link", ["0", "3", "01", "-1", "1.0", "x", "", "٣", "99999999999", "https://evil.example"])
def test_a_number_without_a_link_is_a_plain_page(mails: MailService, link: str) -> None:
    email_id = sent_mail()

    answer = follow(email_id, link)

    assert answer.status == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "location" not in answer.headers
    assert "This page does not exist" in answer.text
    assert stored("EmailEvent") == []


@pytest.mark.parametrize("tracking_id", ["1aaaaaaaaaaaaaaaaaaaaaa", "x", "a" * 3000])
def test_an_id_we_do_not_know_is_the_same_plain_page(mails: MailService, tracking_id: str) -> None:
    email_id = sent_mail()
    before = counts()

    answer = follow(tracking_id, "1")

    assert (answer.status, answer.text) == (404, follow(email_id, "9").text)
    assert "location" not in answer.headers
    assert counts() == before


def test_x19_nothing_in_the_request_changes_where_it_leads(mails: MailService) -> None:
    """X19: the target is looked up, never taken from the query."""
    email_id = sent_mail()

    answer = follow(email_id, "1", url="https://evil.example", r="https://evil.example")

    assert answer.headers["location"] == "https://example.com/pricing"


def test_x12_a_link_is_one_of_this_mail(mails: MailService) -> None:
    """X12: the token is bound to the mail, and so is what its links lead to."""
    email_channel()
    template_id = template()
    ada, grace = (send(lead(email=f"{name}@example.com"), template_id, (name,)).email_id for name in ("ada", "grace"))

    assert follow(ada, "2").headers["location"].endswith("/ada@example.com")
    assert follow(grace, "2").headers["location"].endswith("/grace@example.com")


def test_a_click_of_a_person_is_recorded_and_scores_once_per_link(mails: MailService, clock: Clock) -> None:
    email_id = sent_mail()
    for link in ("1", "1", "2", "1"):
        clock.advance(minutes=1)
        follow(email_id, link)

    mail = shown(email_id)
    assert (mail["status"], mail["click_count"], mail["open_count"]) == ("clicked", 4, 1)
    assert mail["clicked_at"] == mail["opened_at"] == "2026-03-02T09:01:00.000Z"
    found = signals(mail["lead_id"])
    assert [signal["signal_type"] for signal in found] == ["email_click", "email_click"]
    assert [signal["created_at"] for signal in found] == ["2026-03-02T09:03:00.000Z", "2026-03-02T09:01:00.000Z"]
    assert [signal["signal_data"]["link"] for signal in found] == [  # type: ignore[index]
        "https://example.com",
        "https://example.com/pricing",
    ]
    assert call("leads/get_lead", path={"lead_id": mail["lead_id"]}).json["score"] == 10


def test_of_many_links_of_a_mail_the_first_three_score(mails: MailService, clock: Clock) -> None:
    email_channel()
    body = "".join(f'<a href="https://example.com/{number}">x</a>' for number in range(6))
    email_id = send(lead(), template(subject="x", body=f"<p>{body}</p>", variables=[])).email_id

    for link in ("6", "5", "4", "3", "2", "1"):
        clock.advance(minutes=1)
        follow(email_id, link)

    mail = shown(email_id)
    assert mail["click_count"] == 6
    assert len(signals(mail["lead_id"])) == 3


def test_x14_a_scanner_that_follows_everything_is_kept_apart(mails: MailService) -> None:
    """X14: security gateways click everything; it moves no status, scores nothing, and unsubscribes nobody."""
    email_id = sent_mail()

    for link in ("1", "2"):
        assert follow(email_id, link, SCANNER).status == 302
    call("tracking/unsubscribe_page", path={"tracking_id": email_id}, headers=SCANNER, scopes=None)

    mail = shown(email_id)
    assert (mail["status"], mail["click_count"], mail["machine_click_count"]) == ("sent", 0, 2)
    assert signals(mail["lead_id"]) == []
    assert stored("Suppression") == []
    assert {event["actor"]["S"] for event in stored("EmailEvent")} == {"scanner"}


def test_a_click_settles_a_send_nobody_knew_about(mails: MailService) -> None:
    email_channel()
    mails.answers = [None]
    sent = send(lead(), template())
    assert sent.outcome == "unknown"

    follow(sent.email_id, "1", SCANNER)

    assert shown(sent.email_id)["outcome"] == "accepted"


def test_trouble_with_our_books_does_not_hold_the_reader(mails: MailService, monkeypatch: pytest.MonkeyPatch) -> None:
    email_id = sent_mail()

    def stale(*_: object, **__: object) -> None:
        raise table.Stale("x")

    monkeypatch.setattr(kept_mails, "_change", stale)

    assert follow(email_id, "1").headers["location"] == "https://example.com/pricing"
