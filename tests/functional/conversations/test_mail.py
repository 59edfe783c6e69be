"""Conversations by mail: what comes in, and answers that belong to it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from leadflow.core.settings import settings
from tests.functional.channels.accounts import make
from tests.functional.channels.provider import Provider
from tests.functional.conversations.talking import arrive, conversation, deliver, messages, say
from tests.functional.webhooks import posts
from tests.functional.webhooks.services import MAIL, multipart, post_mail
from tests.harness import Clock, call, door


def mail(message_id: str, text: str, *, channel: dict[str, Any] | None = None, **said: str) -> dict[str, Any]:
    """A mail that comes in and is worked on; gives the channel."""
    channel = channel or make(MAIL)
    post(channel, message_id, text, **said)
    arrive()
    return channel


def post(
    channel: dict[str, Any],
    message_id: str,
    text: str,
    *,
    sender: str = "Ana Ruiz <ana@example.com>",
    subject: str = "A question",
    headers: str = "",
) -> None:
    """A mail that comes in."""
    address = sender.partition("<")[2].rstrip(">") or sender
    raw = multipart(
        {
            "headers": f"Message-ID: <{message_id}>\r\nFrom: {sender}\r\n{headers}".strip(),
            "from": sender,
            "to": "hello@acme.example",
            "subject": subject,
            "text": text,
            "envelope": f'{{"to":["hello@acme.example"],"from":"{address}"}}',
        }
    )
    assert post_mail(channel, raw).status < 300


def test_a_mail_is_answered_in_its_thread(provider: Provider, clock: Clock) -> None:
    channel = mail("m1@example.com", "How much is it?")
    clock.advance(minutes=1)
    provider.answers(202, b"", {"X-Message-Id": "abc"})

    sent = say("Ten dollars").json
    deliver()

    (asked,) = provider.asked
    body = asked.json
    assert body["headers"]["In-Reply-To"] == "<m1@example.com>"
    assert body["headers"]["Message-ID"] == f"<{sent['id']}@acme.example>"
    assert body["subject"] == "Re: A question"
    assert body["personalizations"][0]["to"] == [{"email": "ana@example.com"}]
    assert messages()[1]["status"] == "sent"
    (lead,) = call("leads/list_leads").json["items"]
    assert (lead["email"], lead["name"], lead["source"]) == ("ana@example.com", "Ana Ruiz", "email")
    assert channel["channel_type"] == "email"


def test_x43_a_bounce_of_an_answer_is_shown(provider: Provider, clock: Clock) -> None:
    channel = mail("m1@example.com", "How much is it?")
    provider.answers(202, b"", {"X-Message-Id": "abc"})
    clock.advance(minutes=1)
    sent = say("Ten dollars").json
    deliver()

    raw = posts.body_of(posts.event(sent["id"], "bounce", reason="550 no such user"))
    assert posts.post(channel["id"], raw).status < 300
    arrive()

    shown = messages()[1]
    assert (shown["status"], shown["error_code"], shown["error_message"]) == ("failed", "bounce", "550 no such user")


@pytest.mark.parametrize(
    ("event", "more", "reason"),
    [
        ("spamreport", {}, "spam_report"),
        ("group_unsubscribe", {}, "unsubscribe"),
        ("bounce", {"type": "bounce"}, "bounce"),
        ("bounce", {"type": "blocked"}, None),
    ],
)
def test_a_complaint_about_an_answer_ends_mail_to_who_complained(
    provider: Provider, clock: Clock, event: str, more: dict[str, str], reason: str | None
) -> None:
    channel = mail("m1@example.com", "How much is it?")
    provider.answers(202, b"", {"X-Message-Id": "abc"})
    clock.advance(minutes=1)
    sent = say("Ten dollars").json
    deliver()

    assert posts.post(channel["id"], posts.body_of(posts.event(sent["id"], event, **more))).status < 300
    arrive()

    kept = call("suppressions/list_suppressions").json["items"]
    assert [(one["address"], one["reason"], one["source"]) for one in kept] == (
        [("ana@example.com", reason, sent["id"])] if reason else []
    )
    assert say("And another thing").status == (422 if reason else 202)


@pytest.mark.parametrize(
    ("sender", "headers", "leads"),
    [
        ("MAILER-DAEMON@mx.example.com", "", 0),
        ("news@example.com", "List-Id: <news.example.com>", 0),
        ("ana@example.com", "Auto-Submitted: auto-replied", 1),
    ],
)
def test_mail_servers_and_lists_are_no_leads(sender: str, headers: str, leads: int) -> None:
    mail("m1@example.com", "As it is", sender=sender, headers=headers)

    assert len(call("leads/list_leads").json["items"]) == leads
    (kept,) = call("webhooks/list_inbox").json["items"]
    assert kept["state"] == "processed"


def test_what_a_machine_of_somebody_on_file_writes_is_kept() -> None:
    channel = mail("m1@example.com", "Hello")

    report = "Content-Type: multipart/report; boundary=x"
    mail("m2@example.com", "It could not be delivered", headers=report, channel=channel)

    assert [one["metadata"].get("automatic") for one in messages()] == [None, True]


def test_a_lead_has_an_address_that_mail_can_be_sent_to() -> None:
    mail("m1@example.com", "Disk full", sender="root@localhost")

    (lead,) = call("leads/list_leads").json["items"]
    assert (lead["email"], lead["name"]) == (None, "r…@localhost")


def test_a_lead_on_file_is_known_by_the_address_in_any_case() -> None:
    from tests.functional.conversations.talking import lead_id

    ana = lead_id(email="ana@example.com")
    mail("m1@example.com", "Hello", sender="Ana <ANA@example.com>")

    assert conversation()["lead_id"] == ana


def test_a_mail_that_names_one_of_ours_answers_it(provider: Provider, clock: Clock) -> None:
    from tests.functional.campaigns.mailing import send, template
    from tests.functional.conversations.talking import lead_id

    channel, template_id = make(MAIL), template()
    ana = lead_id(email="ana@example.com")
    mails = []
    for number in "12":
        provider.answers(202, b"", {"X-Message-Id": f"req{number}"})
        mails.append(send(ana, template_id, ("workflow", number)).email_id)
    clock.advance(minutes=5)

    for _ in range(2):
        mail("m1@example.com", "Yes please", headers="In-Reply-To: <req1@geopod-ismtpd-1>\r\n", channel=channel)
    away = "In-Reply-To: <req2@geopod-ismtpd-1>\r\nAuto-Submitted: auto-replied\r\n"
    mail("m2@example.com", "Out of office", headers=away, channel=channel)

    replied = [call("campaigns/get_email", path={"email_id": one}).json["replied_at"] for one in mails]
    assert replied[0] is not None
    assert replied[1] is None


def test_an_answer_names_a_mail_of_ours_by_the_id_we_gave_it(provider: Provider, clock: Clock) -> None:
    from tests.functional.campaigns.mailing import send, template
    from tests.functional.conversations.talking import lead_id

    channel = make(MAIL)
    mail_id = send(lead_id(email="ana@example.com"), template(), ("workflow", "1")).email_id
    [asked] = [one.json for one in provider.asked if one.path.endswith("/mail/send")]
    ours = asked["personalizations"][0]["headers"]["Message-ID"]
    assert mail_id not in ours
    clock.advance(minutes=5)

    mail("m1@example.com", "Yes please", headers=f"In-Reply-To: {ours}\r\n", channel=channel)

    assert call("campaigns/get_email", path={"email_id": mail_id}).json["replied_at"] is not None


def test_a_mail_has_its_thread_its_files_and_ends_with_who_writes_and_from_where(
    provider: Provider, clock: Clock
) -> None:
    channel = mail("m1@example.com", "How much is it?")
    clock.advance(minutes=1)
    provider.answers(200, b"%PDF-1.7 prices", {"Content-Type": "text/html"})
    first = say("Ten dollars").json
    deliver()
    clock.advance(minutes=1)
    mail("m2@example.com", "And two?", subject="Re: A question", channel=channel)
    clock.advance(minutes=1)
    home = settings().provider_base_url
    say("", attachments=[{"url": f"{home}/a/our%20prices.pdf"}, {"url": f"{home}/b", "name": "b.txt"}])
    deliver()

    *_, fetched, again, asked = provider.asked
    assert (fetched.method, fetched.path, again.path) == ("GET", "/a/our%20prices.pdf", "/b")
    body = asked.json
    assert body["content"] == [{"type": "text/plain", "value": "-- \nAcme\n1 Example Street, Example"}]
    assert body["subject"] == "Re: A question"
    assert body["headers"]["In-Reply-To"] == "<m2@example.com>"
    assert body["headers"]["References"] == f"<m1@example.com> <{first['id']}@acme.example> <m2@example.com>"
    assert [(one["filename"], one["type"], base64.b64decode(one["content"])) for one in body["attachments"]] == [
        ("our prices.pdf", "application/pdf", b"%PDF-1.7 prices"),
        ("b.txt", "application/pdf", b"%PDF-1.7 prices"),
    ]
    assert messages()[-1]["status"] == "sent"
    assert provider.asked[0].json["content"][0]["value"] == "Ten dollars\n\n-- \nAcme\n1 Example Street, Example"


def test_a_file_that_is_not_there_is_told_and_those_behind_go_out(provider: Provider, clock: Clock) -> None:
    mail("m1@example.com", "How much is it?")
    clock.advance(minutes=1)
    provider.answers(404)
    say("See the list", attachments=[{"url": f"{settings().provider_base_url}/gone.pdf"}])
    deliver()

    shown = messages()[1]
    assert (shown["status"], shown["error_code"]) == ("failed", "invalid_content")
    assert shown["error_message"] == "The provider answered 404 for the file."
    provider.answers(202, b"", {"X-Message-Id": "abc"})
    say("Ten dollars")
    deliver()
    assert messages()[2]["status"] == "sent"


def test_a_file_that_may_be_had_later_is_waited_for_an_hour(provider: Provider, clock: Clock) -> None:
    mail("m1@example.com", "How much is it?")
    clock.advance(minutes=1)
    provider.answers(503)
    sent = say("See the list", attachments=[{"url": f"{settings().provider_base_url}/list.pdf"}]).json
    deliver()

    assert messages()[1]["status"] == "queued"
    assert [one.method for one in provider.asked] == ["GET"]
    clock.advance(minutes=61)
    door("platform/reconcile")({}, None)
    deliver()
    assert (messages()[1]["id"], messages()[1]["error_code"]) == (sent["id"], "invalid_content")
