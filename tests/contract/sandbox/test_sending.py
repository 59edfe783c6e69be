"""What SendGrid's send API answers, and what GET /sent shows of it."""

from __future__ import annotations

import gzip
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.sandbox.providers.sendgrid.mail import substitute
from tests.contract.sandbox.world import Running, mail, sample, sandbox_running, to


def test_an_accepted_mail_is_answered_like_sendgrid_does(lonely: Running) -> None:
    answer = lonely.send(mail())

    assert answer.status_code == 202
    assert answer.content == b""
    assert answer.headers["X-Message-Id"]
    assert [item["request_id"] for item in lonely.sent()] == [answer.headers["X-Message-Id"]]


def test_each_recipient_is_listed_with_the_mail_as_they_get_it(lonely: Running) -> None:
    # Given a request with two personalizations that share content, headers and custom arguments
    lonely.send(sample())

    zoe, amara = lonely.sent()

    assert set(zoe) == {
        "id", "provider", "to", "from", "subject", "body", "html", "headers", "at", "request_id", "raw",
    }  # fmt: skip
    assert (zoe["to"], zoe["from"], zoe["provider"]) == ("zoe.obrien@example.com", "hello@mail.example.com", "sendgrid")
    assert zoe["subject"] == "A tour for Tessellate Software"
    assert amara["subject"] == "Amara, a tour for Copperfield Media?"
    assert zoe["body"].startswith("Hello Zoë,\n\nshall we show Tessellate Software around?")
    assert '<a href="https://www.example.com/tour?lead=2">Take the tour</a>' in amara["html"]
    assert zoe["headers"]["X-Entity-Ref-ID"] == "spring-tour"
    assert amara["headers"]["List-Unsubscribe"] == "<https://mail.example.com/u/mail-0002>"
    assert zoe["headers"]["To"] == '"Zoë O\'Brien" <zoe.obrien@example.com>'
    assert zoe["raw"]["custom_args"] == {"campaign": "spring-tour", "step": "1", "mail_id": "mail-0001"}
    assert amara["raw"]["custom_args"] == {"campaign": "spring-tour", "step": "2", "mail_id": "mail-0002"}
    assert zoe["request_id"] == amara["request_id"]
    assert zoe["id"] != amara["id"]
    assert zoe["id"].startswith(f"{zoe['request_id']}.")


def test_substitutions_reach_subject_content_and_reply_to_but_nothing_else(lonely: Running) -> None:
    entry = {
        "to": [{"email": "ana@example.com"}],
        "substitutions": {"-n-": "<b>-x-</b>", "-n-n-": "longer", "-x-": "never inside a value", "-t-": None},
        "custom_args": {"tag": "-n-"},
        "headers": {"X-Tag": "-n-"},
    }
    lonely.send(
        mail(
            personalizations=[entry],
            subject="-n- and -n-n-",
            reply_to={"email": "reply+-x-@leadflow.test"},
            content=[
                {"type": "text/plain", "value": "-n-|-t-|-unknown-"},
                {"type": "text/html", "value": "<i>-n-</i>"},
            ],
        )
    )

    (item,) = lonely.sent()

    assert item["subject"] == "<b>-x-</b> and longer"
    assert item["body"] == "<b>-x-</b>||-unknown-"
    assert item["html"] == "<i><b>-x-</b></i>"
    assert item["headers"]["Reply-To"] == "reply+never inside a value@leadflow.test"
    assert item["headers"]["X-Tag"] == "-n-"
    assert item["raw"]["custom_args"] == {"tag": "-n-"}


@pytest.mark.parametrize(
    ("text", "tags", "result"),
    [
        ("{{a}}", {"{{a}}": "1"}, "1"),
        ("a.b a-b", {"a.b": "dot"}, "dot a-b"),
        ("%a%%b%", {"%a%": "%b%", "%b%": "2"}, "%b%2"),
        ("nothing", {}, "nothing"),
        ("\\1 -a-", {"-a-": "\\1"}, "\\1 \\1"),
    ],
)
def test_substitution_is_literal_and_never_nested(text: str, tags: dict[str, str], result: str) -> None:
    assert substitute(text, tags) == result


def test_copies_are_recipients_too(lonely: Running) -> None:
    lonely.send(
        mail(
            personalizations=[
                {
                    "to": [{"email": "ana@example.com"}, {"email": "bo@example.com"}],
                    "cc": [{"email": "cy@example.com"}],
                    "bcc": [{"email": "di@example.com"}],
                }
            ]
        )
    )

    items = lonely.sent()

    assert [item["to"] for item in items] == ["ana@example.com", "bo@example.com", "cy@example.com", "di@example.com"]
    assert {item["headers"]["To"] for item in items} == {"ana@example.com, bo@example.com"}
    assert {item["headers"]["Cc"] for item in items} == {"cy@example.com"}
    assert not any("di@example.com" in value for item in items for value in item["headers"].values())


def test_sent_is_in_order_and_can_be_filtered_and_cleared(lonely: Running) -> None:
    for address in ("ana@example.com", "bo@example.com", "ana@example.com"):
        lonely.send(mail(personalizations=to(address), subject=f"Number {len(lonely.sent())}"))

    assert [item["subject"] for item in lonely.sent()] == ["Number 0", "Number 1", "Number 2"]
    assert [item["subject"] for item in lonely.sent(to="ANA@example.com")] == ["Number 0", "Number 2"]
    assert len(lonely.sent(provider="sendgrid", to="bo@example.com")) == 1
    assert lonely.sent(provider="twilio") == []
    assert lonely.http.delete("/sent").status_code == 204
    assert lonely.sent() == []


def test_a_mail_of_text_alone_has_no_html(lonely: Running) -> None:
    lonely.send(mail(content=[{"type": "text/plain", "value": "Plain"}]))

    assert [(item["body"], item["html"]) for item in lonely.sent()] == [("Plain", None)]


def test_a_thousand_recipients_fit_in_one_request(lonely: Running) -> None:
    addresses = [f"lead{number}@example.com" for number in range(1000)]

    assert lonely.send(mail(personalizations=to(*addresses))).status_code == 202

    assert [item["to"] for item in lonely.sent()] == addresses


def test_sandbox_mode_checks_but_keeps_nothing(lonely: Running) -> None:
    answer = lonely.send(mail(mail_settings={"sandbox_mode": {"enable": True}}))

    assert (answer.status_code, answer.content) == (200, b"")
    assert lonely.sent() == []


def test_a_packed_body_is_accepted(lonely: Running) -> None:
    packed = gzip.compress(json.dumps(mail()).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json", "Authorization": "Bearer k"}

    answer = lonely.http.post("/sendgrid/v3/mail/send", content=packed, headers=headers)

    assert answer.status_code == 202
    assert len(lonely.sent()) == 1


@pytest.mark.parametrize("pack", [False, True])
def test_thirty_megabytes_are_refused_by_the_proxy_in_front(lonely: Running, pack: bool) -> None:
    body = json.dumps(mail(content=[{"type": "text/plain", "value": "x" * 30_000_000}])).encode()
    headers = {"Content-Type": "application/json", "Authorization": "Bearer k"}
    if pack:
        body, headers = gzip.compress(body, 1), {**headers, "Content-Encoding": "gzip"}

    answer = lonely.http.post("/sendgrid/v3/mail/send", content=body, headers=headers)

    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "text/html"
    assert b"nginx" in answer.content


def test_attachments_are_described_without_their_content(lonely: Running) -> None:
    attachment = {"content": "aGVsbG8=", "filename": "hello.txt", "type": "text/plain"}
    lonely.send(mail(attachments=[attachment]))

    (item,) = lonely.sent()

    assert item["raw"]["attachments"] == [{"filename": "hello.txt", "type": "text/plain", "base64_characters": 8}]


@pytest.mark.parametrize(
    ("path", "answer"),
    [("/sendgrid/v3/scopes", "scopes"), ("/sendgrid/v3/user/account", "reputation")],
)
def test_a_channel_check_finds_its_paths(lonely: Running, path: str, answer: str) -> None:
    assert answer in lonely.http.get(path, headers={"Authorization": "Bearer k"}).json()
    assert lonely.http.get(path).status_code == 401
    assert lonely.http.delete(path, headers={"Authorization": "Bearer k"}).status_code == 405


def test_the_scopes_include_sending(lonely: Running) -> None:
    scopes = lonely.http.get("/sendgrid/v3/scopes", headers={"Authorization": "Bearer k"}).json()["scopes"]

    assert "mail.send" in scopes


def test_what_was_accepted_is_there_after_a_restart(tmp_path: Path) -> None:
    with sandbox_running(tmp_path) as before:
        before.send(sample())
        before.behave(mode="slow", rate=0.25, delay=0)
        kept, key = before.sent(), before.sandbox.sendgrid_public_key()

    with sandbox_running(tmp_path) as after:
        assert after.sent() == kept
        assert after.http.get("/behaviour").json()["items"][0]["rate"] == 0.25
        assert after.sandbox.sendgrid_public_key() == key


def test_concurrent_sends_are_all_kept_once_and_whole(lonely: Running) -> None:
    start = threading.Barrier(8)

    def send(worker: int) -> list[str]:
        start.wait()
        requests = (
            mail(personalizations=to(f"w{worker}n{n}a@example.com", f"w{worker}n{n}b@example.com")) for n in range(10)
        )
        return [lonely.send(request).headers["X-Message-Id"] for request in requests]

    with ThreadPoolExecutor(8) as pool:
        ids = [each for answers in pool.map(send, range(8)) for each in answers]

    items = lonely.sent()
    assert len(set(ids)) == 80
    assert {item["request_id"] for item in items} == set(ids)
    assert len({item["to"] for item in items}) == len(items) == 160
    # The two recipients of one request stand together: requests do not run into each other.
    assert all(a["request_id"] == b["request_id"] for a, b in zip(items[::2], items[1::2], strict=True))
