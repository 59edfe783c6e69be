"""SendGrid's Inbound Parse: a mail that somebody wrote, posted to the product as a form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any
from urllib.parse import quote

from local.sandbox.outbox import Route
from local.sandbox.providers.contract import Post, Simulation, Staged, World
from local.sandbox.providers.pictures import PNG
from local.sandbox.providers.quiet import Quiet
from local.sandbox.providers.secrets import Secrets
from local.sandbox.providers.sendgrid.mail import show
from local.sandbox.wire import Refused

_SOMEBODY = "ada@example.com"
_BOUNDARY = "xYzZY-sandbox"
# What makes a mail one that nobody typed.
_AUTOMATIC = {
    "out_of_office": {"Auto-Submitted": "auto-replied"},
    "bounce": {"Content-Type": "multipart/report; report-type=delivery-status"},
    "list": {"List-Id": "<news.example.com>", "Precedence": "bulk"},
}


class InboundParse(Quiet):
    """Only posts; it is asked for by SendGrid's simulated event `inbound`."""

    name = "inbound_parse"
    channels: Sequence[str] = ("email",)

    def __init__(self, world: World, secrets: Secrets) -> None:
        super().__init__(world)
        self._secrets = secrets

    def answer(self, _: Any) -> Any:
        raise self._nothing()

    def refusal(self, *_: Any) -> Any:
        raise self._nothing()

    def texts(self, _: Any) -> Any:
        raise self._nothing()

    def show(self, _: Any) -> Any:
        raise self._nothing()

    def event_name(self, payload: dict[str, Any]) -> str:  # type: ignore[override]  # the one that does call
        return str(payload["event"])

    def webhook(self, url: str, payloads: Sequence[dict[str, Any]]) -> Post:  # type: ignore[override]
        """The mail's fields, or the whole of it, as a form; proved by the secret in the URL."""
        (payload,) = payloads
        parts = [_field(name, text.encode()) for name, text in payload["fields"].items()]
        parts += [_file(number, file) for number, file in enumerate(payload["files"], 1)]
        body = b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode()
        where = f"{url.removesuffix('/events')}/inbound?secret={quote(self._secrets.inbound_secret)}"
        headers = (("Content-Type", f"multipart/form-data; boundary={_BOUNDARY}"), ("User-Agent", "SendGrid-Inbound"))
        return Post(body, headers, where)


def staged(world: World, simulation: Simulation) -> Staged:
    """The posts for mails that somebody wrote. Raises Refused (409) when the product has nowhere to write to."""
    own = world.channels.own_address("email", simulation.to)
    if own is None:
        raise Refused(409, "the product shows no email channel with a from_email")
    payloads = [_payload(world, own, simulation) for _ in simulation.events]
    return Staged(Route(InboundParse.name, "email", own), payloads)


def _payload(world: World, own: str, simulation: Simulation) -> dict[str, Any]:
    extra, sender = simulation.extra or {}, simulation.sender or _SOMEBODY
    mail = EmailMessage()
    named = extra.get("name")
    mail["From"] = f"{named} <{sender}>" if named else sender
    mail["To"], mail["Subject"] = own, str(extra.get("subject") or "Hello")
    mail["Date"] = formatdate(world.clock())
    mail["Message-ID"] = f"<{simulation.message_id or world.token()}@mail.example.com>"
    answered = extra.get("in_reply_to") or _answered(world, sender, str(mail["Subject"]))
    if answered:
        mail["In-Reply-To"] = mail["References"] = f"<{str(answered).strip('<>')}>"
    for name, value in _AUTOMATIC.get(str(extra.get("automatic")), {}).items():
        mail[name] = value
    text = simulation.body or ""
    envelope = json.dumps({"to": [own], "from": "" if extra.get("automatic") == "bounce" else sender})
    head = "".join(f"{name}: {value}\r\n" for name, value in mail.items())
    common = {
        "from": str(mail["From"]),
        "to": own,
        "subject": str(mail["Subject"]),
        "envelope": envelope,
        "SPF": "pass",
    }
    if extra.get("raw") is True:
        return {"event": "inbound", "fields": {"email": f"{head}\r\n{text}", **common}, "files": []}
    files = [{"name": f"file{number}", "type": str(kind)} for number, kind in enumerate(extra.get("media") or [], 1)]
    info = {
        f"attachment{number}": {"filename": each["name"], "type": each["type"]} for number, each in enumerate(files, 1)
    }
    fields = {
        "headers": head,
        "text": text,
        **common,
        "charsets": json.dumps({"text": "UTF-8"}),
        "attachments": str(len(files)),
        "attachment-info": json.dumps(info),
    }
    return {"event": "inbound", "fields": fields, "files": files}


def _answered(world: World, sender: str, subject: str) -> str | None:
    """The Message-ID of what is answered, as mail programs name it: the latest mail to whoever answers."""
    if not subject.lower().startswith("re:"):
        return None
    kept = world.mailbox.find("sendgrid", None, sender)
    return None if kept is None else show(kept)["headers"].get("Message-ID")


def _field(name: str, content: bytes) -> bytes:
    return f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + content + b"\r\n"


def _file(number: int, file: dict[str, str]) -> bytes:
    disposition = f'form-data; name="attachment{number}"; filename="{file["name"]}"'
    head = f"--{_BOUNDARY}\r\nContent-Disposition: {disposition}\r\nContent-Type: {file['type']}\r\n\r\n"
    return head.encode() + PNG + b"\r\n"
