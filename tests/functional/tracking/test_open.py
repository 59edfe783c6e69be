"""GET /t/{tracking_id}/open.gif."""

from __future__ import annotations

import base64
import json

import pytest

from leadflow.campaigns import store
from leadflow.campaigns.service import visits
from leadflow.campaigns.store import mails as kept_mails
from leadflow.core import seams, table
from tests.functional.campaigns.mailing import CAUSE, MailService, email_channel, lead, send, sent_mail, shown, template
from tests.functional.wire import counts, interrupted, stored
from tests.harness import Answer, Clock, call

BROWSER = {"user-agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"}
SCANNER = {"user-agent": "Mimecast scanner"}


def fetch(tracking_id: str, headers: dict[str, str] | None = None, **query: str) -> Answer:
    answer = call("tracking/open", path={"tracking_id": tracking_id}, headers=headers, query=query, scopes=None)
    assert answer.status == 200
    return answer


def signals(lead_id: str) -> list[dict[str, object]]:
    items: list[dict[str, object]] = call("signals/list_signals", path={"lead_id": lead_id}).json["items"]
    return items


def test_the_answer_is_the_picture_and_is_not_kept(mails: MailService) -> None:
    answer = fetch(sent_mail())

    assert answer.headers["content-type"] == "image/gif"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.raw["isBase64Encoded"] is True
    assert len(base64.b64decode(answer.text)) == 43


@pytest.mark.parametrize("tracking_id", ["1aaaaaaaaaaaaaaaaaaaaaa", "x", "a" * 3000, "../../x", "é"])
def test_an_id_we_do_not_know_gets_the_picture_and_leaves_no_trace(mails: MailService, tracking_id: str) -> None:
    sent_mail()
    before = counts()

    known = fetch(store.tracking_id(CAUSE)).text
    assert fetch(tracking_id).text == known

    assert counts() == {**before, "EmailEvent": 1, "IntentSignal": 1}


def test_an_open_of_a_person_is_recorded(mails: MailService, clock: Clock) -> None:
    email_id = sent_mail()
    clock.advance(minutes=1)

    fetch(email_id, BROWSER)
    clock.advance(minutes=1)
    fetch(email_id, BROWSER)

    mail = shown(email_id)
    assert (mail["status"], mail["open_count"], mail["machine_open_count"]) == ("opened", 2, 0)
    assert mail["opened_at"] == "2026-03-02T09:01:00.000Z"
    events = stored("EmailEvent")
    assert [event["actor"]["S"] for event in events] == ["human", "human"]
    kept = json.loads(events[0]["data"]["S"])
    assert kept == {"method": "GET", "user_agent": BROWSER["user-agent"], "ip": "203.0.113.9", "request_id": "REQ1"}


def test_the_first_open_of_a_person_scores_once(mails: MailService, clock: Clock) -> None:
    email_id = sent_mail()
    lead_id = shown(email_id)["lead_id"]

    for _ in range(3):
        clock.advance(minutes=1)
        fetch(email_id, BROWSER)

    [signal] = signals(lead_id)
    assert (signal["signal_type"], signal["score_impact"]) == ("email_open", 2)
    assert signal["signal_data"] == {
        "email_id": email_id,
        "template_id": shown(email_id)["template_id"],
        "campaign_id": None,
    }
    assert call("leads/get_lead", path={"lead_id": lead_id}).json["score"] == 2


def test_x13_a_scanner_is_kept_apart_and_scores_nothing(mails: MailService) -> None:
    email_id = sent_mail()

    fetch(email_id, SCANNER)

    mail = shown(email_id)
    assert (mail["status"], mail["open_count"], mail["opened_at"], mail["machine_open_count"]) == ("sent", 0, None, 1)
    assert signals(mail["lead_id"]) == []
    [event] = stored("EmailEvent")
    assert (event["actor"]["S"], event["reason"]["S"]) == ("scanner", "client is mimecast")


def test_x15_a_client_we_do_not_know_counts_as_a_person(mails: MailService) -> None:
    email_id = sent_mail()

    fetch(email_id)

    assert shown(email_id)["open_count"] == 1
    assert len(signals(shown(email_id)["lead_id"])) == 1


def test_a_mail_that_never_left_cannot_be_opened(mails: MailService) -> None:
    email_channel()
    skipped = send(lead(consent={"email": {"opted_in": False}}), template())

    fetch(skipped.email_id, BROWSER)

    assert shown(skipped.email_id)["open_count"] == 0
    assert stored("EmailEvent") == []


def test_what_others_append_to_the_address_does_no_harm(mails: MailService) -> None:
    email_id = sent_mail()

    fetch(email_id, BROWSER, utm_source="x", fbclid="y")

    assert shown(email_id)["open_count"] == 1


def test_two_opens_at_the_same_time_are_two(mails: MailService, clock: Clock) -> None:
    email_id = sent_mail()

    def rival() -> None:
        clock.advance(seconds=1)
        fetch(email_id, BROWSER)

    with interrupted(rival):
        fetch(email_id, BROWSER)

    assert shown(email_id)["open_count"] == 2
    assert len(signals(shown(email_id)["lead_id"])) == 1


def test_trouble_with_our_books_is_not_the_readers(
    mails: MailService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    email_id = sent_mail()

    def stale(*_: object, **__: object) -> None:
        raise table.Stale("x")

    with monkeypatch.context() as broken:
        broken.setattr(kept_mails, "_change", stale)
        fetch(email_id, BROWSER)
    with monkeypatch.context() as gone:
        gone.setenv("TABLE_NAME", "gone")
        seams.current().forget("settings")
        seams.current().forget("table")
        fetch(email_id, BROWSER)
    seams.current().forget("settings")
    seams.current().forget("table")

    assert shown(email_id)["open_count"] == 0
    assert caplog.messages.count("visit lost") == 2


def test_a_signal_lost_to_a_crash_comes_with_the_next_open(
    mails: MailService, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    email_id = sent_mail()

    def die(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr("leadflow.leads.service.add_signal", die)
        with pytest.raises(SystemExit):
            fetch(email_id, BROWSER)
    clock.advance(minutes=5)
    fetch(email_id, BROWSER)

    [signal] = signals(shown(email_id)["lead_id"])
    assert signal["created_at"] == "2026-03-02T09:00:00.000Z"


def test_who_fetches_without_end_is_not_counted_without_end(
    mails: MailService, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr(visits, "MOST_VISITS", 3)
    email_id = sent_mail()

    for _ in range(5):
        clock.advance(seconds=1)
        fetch(email_id, SCANNER)

    assert shown(email_id)["machine_open_count"] == 3
    assert len(stored("EmailEvent")) == 3


def test_a_lead_that_is_gone_does_not_stop_the_record(mails: MailService, monkeypatch: pytest.MonkeyPatch) -> None:
    email_id = sent_mail()
    monkeypatch.setattr("leadflow.leads.service.add_signal", lambda *_, **__: None)

    fetch(email_id, BROWSER)

    assert shown(email_id)["open_count"] == 1
