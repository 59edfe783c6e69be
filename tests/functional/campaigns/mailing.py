"""A mail service on loopback, and what tests of mails need around it."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest.mock import patch

from leadflow.campaigns import service as campaigns
from leadflow.campaigns.rules import Sent
from leadflow.core import seams
from tests.harness import call

CAUSE = ("WX1", "ACT1", "1")
TEMPLATE = {
    "name": "Welcome",
    "subject": "Hello {{ name }}",
    "body": (
        '<html><body><p>Dear {{ name }} of {{ company | default: "your company" }},</p>'
        '<p><a href="https://example.com/pricing">Prices</a> <a href="https://example.com/u/{{ email }}">You</a></p>'
        "</body></html>"
    ),
    "variables": ["name", "company", "email"],
}


Answer = int | tuple[int, Any] | None


@dataclass(frozen=True)
class Letter:
    """A mail as one person gets it."""

    to: str
    subject: str
    html: str
    text: str
    mail_id: str
    headers: dict[str, str]


@dataclass
class MailService:
    """Speaks SendGrid's mail send, on loopback. `answers` are what the next requests get; then all are accepted.

    An answer is a status, alone or with what it says, or None to take the mail and hang up without a word.
    """

    sent: list[dict[str, Any]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    before_answer: Callable[[dict[str, Any]], None] | None = None

    def to(self, address: str) -> list[dict[str, Any]]:
        """The mails this address got."""
        return [mail for mail in self.sent if mail["personalizations"][0]["to"][0]["email"] == address]

    @property
    def received(self) -> list[Letter]:
        """What each person got, in the order of their places in the calls."""
        return [_as_received(mail, one) for mail in self.sent for one in mail["personalizations"]]

    def take(self, mail: dict[str, Any]) -> Answer:
        answer = self.answers.pop(0) if self.answers else 202
        if answer in (202, None):
            self.sent.append(mail)
        if self.before_answer:
            self.before_answer(mail)
        return answer


@contextmanager
def mail_service() -> Iterator[MailService]:
    """The service as long as it is needed; the product's mails go there."""
    service = MailService()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(service))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        with patch.dict(os.environ, {"PROVIDER_BASE_URL": f"http://127.0.0.1:{server.server_port}"}):
            seams.current().forget("settings")
            yield service
    finally:
        hang_up()
        server.shutdown()
        server.server_close()
        thread.join()


def hang_up() -> None:
    """Closes the product's connections to providers, as the end of a process does."""
    for name in [name for name in seams.current().kept if name.startswith("http:")]:
        seams.current().kept.pop(name).close()


def _as_received(mail: dict[str, Any], one: dict[str, Any]) -> Letter:
    tags = one.get("substitutions", {})
    parts = {part["type"]: part["value"] for part in mail["content"]}
    for tag, value in tags.items():
        parts = {kind: text.replace(tag, value) for kind, text in parts.items()}
    return Letter(
        to=one["to"][0]["email"],
        subject=one.get("subject", mail["subject"]),
        html=parts["text/html"],
        text=parts["text/plain"],
        mail_id=one["custom_args"]["lf_id"],
        headers=one["headers"],
    )


def _handler(service: MailService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body leave in two writes, which would wait for each other's acknowledgement.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            mail = json.loads(self.rfile.read(int(self.headers["content-length"])))
            answer = service.take(mail) if self.path == "/sendgrid/v3/mail/send" else 404
            if answer is None:
                self.close_connection = True
                return
            status, said = answer if isinstance(answer, tuple) else (answer, [{"message": "no", "field": None}])
            body = b"" if status == 202 else json.dumps({"errors": said}).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.send_header("x-message-id", f"provider-{len(service.sent)}")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Not on the terminal."""

    return Handler


def email_channel(**fields: Any) -> str:
    """The id of a new email channel that may send."""
    body = {
        "channel_type": "email",
        "api_credentials": {"api_key": "SG.key"},
        "from_email": "hello@leadflow.example",
        "from_name": "Leadflow",
        "reply_to": "reply@leadflow.example",
        "postal_address": "Example Ltd\n1 Main Street\nSpringfield",
        **fields,
    }
    answer = call("channels/create_channel", body)
    assert answer.status == 201, answer.text
    return str(answer.json["id"])


def template(**fields: Any) -> str:
    """The id of a new template."""
    answer = call("templates/create_template", {**TEMPLATE, **fields})
    assert answer.status == 201, answer.text
    return str(answer.json["id"])


def lead(**fields: Any) -> str:
    """The id of a new lead."""
    answer = call("leads/create_lead", {"name": "Ada Lovelace", "email": "ada@example.com", **fields})
    assert answer.status == 201, answer.text
    return str(answer.json["id"])


def send(lead_id: str, template_id: str, cause: tuple[str, ...] = CAUSE, **more: Any) -> Sent:
    """What a workflow does to send a mail."""
    return campaigns.send_to_lead(template_id=template_id, lead_id=lead_id, cause=cause, execution_id="WX1", **more)


def sent_mail(**lead_fields: Any) -> str:
    """The id of a mail that a new lead was sent by a new channel and template."""
    email_channel()
    sent = send(lead(**lead_fields), template())
    assert sent.outcome == "accepted", sent
    return sent.email_id


def shown(email_id: str) -> dict[str, Any]:
    """The mail as the API shows it."""
    answer = call("campaigns/get_email", path={"email_id": email_id})
    assert answer.status == 200, answer.text
    mail: dict[str, Any] = answer.json
    return mail


def html_of(mail: dict[str, Any]) -> str:
    """The HTML part of a mail as the service got it."""
    [html] = [part["value"] for part in mail["content"] if part["type"] == "text/html"]
    return str(html)


def tracked_links(mail: dict[str, Any]) -> list[str]:
    """The links of a mail, as it was sent, that lead through us."""
    return re.findall(r'href="([^"]*/c/\d+)"', html_of(mail))
