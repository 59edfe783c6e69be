"""POST /templates/{template_id}/test-send."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.functional import wire
from tests.functional.campaigns.mailing import MailService, email_channel, lead, mail_service, template
from tests.harness import Answer, Clock, call


@pytest.fixture
def mails() -> Iterator[MailService]:
    with mail_service() as service:
        yield service


def send(template_id: str, key: str = "K1", **body: Any) -> Answer:
    headers = {"idempotency-key": key}
    return call("templates/send_test", body, path={"template_id": template_id}, headers=headers)


def test_one_mail_says_that_it_is_a_test_and_is_tracked_by_nothing(mails: MailService) -> None:
    email_channel()
    template_id = template()

    answer = send(template_id, to="boss@example.com", lead_id=lead(company="A & B"))

    assert (answer.status, answer.json) == (200, {"outcome": "accepted", "missing": []})
    [mail] = mails.sent
    assert mail["subject"] == "[Test] Hello Ada Lovelace"
    [one] = mail["personalizations"]
    assert [to["email"] for to in one["to"]] == ["boss@example.com"]
    assert not one.get("custom_args")
    html = next(part["value"] for part in mail["content"] if part["type"] == "text/html")
    assert "of A &amp; B," in html
    assert 'href="https://example.com/pricing"' in html
    assert "open.gif" not in html
    assert "/t/preview/unsubscribe" in html


def test_without_a_lead_the_answer_names_what_is_missing(mails: MailService) -> None:
    email_channel()

    assert send(template(), to="boss@example.com").json == {"outcome": "accepted", "missing": ["name"]}


def test_the_same_request_sends_it_once(mails: MailService) -> None:
    email_channel()
    template_id = template()

    first, second = (send(template_id, to="boss@example.com") for _ in range(2))

    assert first.json == second.json
    assert len(mails.sent) == 1
    send(template_id, key="K2", to="boss@example.com")
    assert len(mails.sent) == 2


def test_a_test_whose_process_died_after_the_call_is_not_sent_again(mails: MailService, clock: Clock) -> None:
    email_channel()
    template_id = template()
    with wire.watched() as seen:
        send(template_id, key="counted", to="boss@example.com")
    mails.sent.clear()
    # The last two calls are the ledger's and the answer's under its key.
    with pytest.raises(wire.Killed), wire.killed_at(len(seen) - 1, sent=False):
        send(template_id, to="boss@example.com")
    assert len(mails.sent) == 1
    clock.advance(minutes=7)

    answer = send(template_id, to="boss@example.com")

    assert (answer.status, answer.json["outcome"]) == (200, "unknown")
    assert len(mails.sent) == 1


def test_a_test_that_was_taken_over_before_it_began_is_left_to_who_has_it(mails: MailService, clock: Clock) -> None:
    """Given a process that stood still for longer than its lease right before it would have begun."""
    email_channel()
    template_id = template()
    taken: list[Answer] = []

    def take_over() -> None:
        clock.advance(minutes=7)
        taken.append(send(template_id, to="boss@example.com"))

    with wire.interrupted(take_over, operation="UpdateItem"):
        answer = send(template_id, to="boss@example.com")

    assert (answer.status, answer.json["type"]) == (409, "urn:leadflow:problem:in_progress")
    assert [(one.status, one.json["outcome"]) for one in taken] == [(200, "accepted")]
    assert len(mails.sent) == 1


@pytest.mark.parametrize(
    ("told", "status", "ended"),
    [(202, 200, "accepted"), ((400, {"errors": [{"message": "no", "field": "from"}]}), 502, "rejected")],
    ids=["accepted", "rejected"],
)
def test_what_the_provider_said_holds_over_the_doubt_of_another_try(
    mails: MailService, clock: Clock, told: Any, status: int, ended: str
) -> None:
    """Given a process that hears from the provider when the next try has taken it for dead."""
    email_channel()
    template_id = template()
    mails.answers = [told]
    doubted: list[Answer] = []
    changes = iter(("it begins", "it is settled"))

    def doubt() -> None:
        if next(changes) == "it is settled":
            clock.advance(minutes=7)
            doubted.append(send(template_id, to="boss@example.com"))

    with wire.interrupted(doubt, operation="UpdateItem", times=2):
        answer = send(template_id, to="boss@example.com")

    assert [one.json["outcome"] for one in doubted] == ["unknown"]
    assert answer.status == status
    [entry] = wire.stored("TestMail")
    assert entry["outcome"]["S"] == ended


def test_what_nobody_knows_is_said(mails: MailService) -> None:
    email_channel()
    mails.answers = [None]

    assert send(template(), to="boss@example.com").json["outcome"] == "unknown"


@pytest.mark.parametrize(("status", "told"), [(429, 429), (401, 502)])
def test_what_did_not_leave_can_be_tried_again_under_the_same_key(mails: MailService, status: int, told: int) -> None:
    email_channel()
    template_id = template()
    mails.answers = [status]

    assert send(template_id, to="boss@example.com").status == told
    assert send(template_id, to="boss@example.com").json["outcome"] == "accepted"
    assert len(mails.sent) == 1


def test_a_refusal_is_final(mails: MailService) -> None:
    email_channel()
    template_id = template()
    mails.answers = [(400, {"errors": [{"message": "no", "field": "from"}]})]

    assert send(template_id, to="boss@example.com").status == 502
    assert send(template_id, to="boss@example.com").status == 502
    assert mails.sent == []


def test_whoever_may_not_be_written_to_gets_no_test_either(mails: MailService) -> None:
    email_channel()
    call("suppressions/add_suppression", {"channel": "email", "address": "Gone@Example.com", "reason": "manual"})
    lead_id = lead(email="forget@example.com")
    call("leads/erase_lead", path={"lead_id": lead_id})

    for address in ("gone@example.com", "forget@example.com"):
        answer = send(template(), key=address, to=address)
        assert answer.status == 422
        assert answer.json["errors"][0]["field"] == "to"
    assert mails.sent == []


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "to"), ({"to": "nobody"}, "to"), ({"to": 5}, "to"), ({"to": "a@example.com", "lead_id": "none"}, "lead_id")],
)
def test_bad_input_is_named(mails: MailService, body: dict[str, Any], field: str) -> None:
    email_channel()

    answer = send(template(), **body)

    assert (answer.status, answer.json["errors"][0]["field"]) == (422, field)


def test_it_takes_a_template_a_channel_and_the_right_to_send(mails: MailService) -> None:
    assert send("none", key="K0", to="a@example.com").status == 404
    template_id = template()
    assert send(template_id, to="a@example.com").status == 409
    body, path = {"to": "a@example.com"}, {"template_id": template_id}
    assert call("templates/send_test", body, path=path, scopes="campaigns:write").status == 403


def test_the_ledger_knows_nobody(mails: MailService) -> None:
    email_channel()
    send(template(), to="boss@example.com")

    [entry] = wire.stored("TestMail")

    assert entry["outcome"] == {"S": "accepted"}
    assert "boss" not in str(entry)
