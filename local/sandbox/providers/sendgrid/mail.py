"""A mail as each recipient gets it: substitutions applied, headers merged.

A send request is taken apart into what all recipients share and a letter for each personalization; both are kept as
they came, and put together again when somebody looks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local.sandbox.mailbox import Addressee, Kept, Letter
from local.sandbox.providers.sendgrid.problems import RECIPIENT_ROLES


def take_apart(mail: dict[str, Any], request_id: str, server: str) -> tuple[dict[str, Any], list[Letter]]:
    """The shared part and the letters of a valid request. `server` goes into the message ids, as SendGrid's do."""
    shared = {name: value for name, value in mail.items() if name != "personalizations"}
    if shared.get("attachments"):
        shared["attachments"] = [_without_content(each) for each in shared["attachments"]]
    letters, number = [], 0
    for entry in mail["personalizations"]:
        addressees = []
        for person in (person for role in RECIPIENT_ROLES for person in entry.get(role) or ()):
            number += 1
            addressees.append(Addressee(f"{request_id}.{server}-{number}.0", person["email"]))
        letters.append(Letter(entry, addressees))
    return shared, letters


def show(kept: Kept) -> dict[str, Any]:
    """One accepted mail as GET /sent lists it."""
    shared, own = kept.shared, kept.own
    tags = own.get("substitutions") or {}
    parts = {part["type"].lower(): substitute(part["value"], tags) for part in reversed(shared.get("content") or ())}
    sender = own.get("from") or shared["from"]
    subject = substitute(own.get("subject") or shared.get("subject") or "", tags)
    return {
        "id": kept.id,
        "provider": kept.provider,
        "to": kept.recipient,
        "from": sender["email"],
        "subject": subject,
        "body": parts.get("text/plain", ""),
        "html": parts.get("text/html"),
        "headers": _headers(kept, subject, sender, tags),
        "at": _rfc3339(kept.at),
        "request_id": kept.request_id,
        "raw": {**shared, "personalizations": [own], "custom_args": custom_args(kept)},
    }


def custom_args(kept: Kept) -> dict[str, str]:
    """The mail's custom arguments, the personalization's own winning."""
    return {**(kept.shared.get("custom_args") or {}), **(kept.own.get("custom_args") or {})}


def substitute(text: str, tags: Mapping[str, str | None]) -> str:
    """Replace every tag in one pass, longest first, so that a value is never searched for tags itself."""
    known = sorted((tag for tag in tags if tag), key=len, reverse=True)
    if not known:
        return text
    return re.sub("|".join(map(re.escape, known)), lambda found: tags[found.group()] or "", text)


def smtp_id(kept: Kept) -> str:
    return f"<{kept.request_id}@geopod-ismtpd-0>"


def _headers(kept: Kept, subject: str, sender: dict[str, Any], tags: Mapping[str, str | None]) -> dict[str, str]:
    shared, own = kept.shared, kept.own
    headers = {
        "From": _written(sender),
        "To": ", ".join(_written(person) for person in own.get("to") or ()),
        "Subject": subject,
        "Message-ID": smtp_id(kept),
    }
    if own.get("cc"):
        headers["Cc"] = ", ".join(_written(person) for person in own["cc"])
    replies = shared.get("reply_to_list") or ([shared["reply_to"]] if shared.get("reply_to") else [])
    if replies:
        headers["Reply-To"] = substitute(", ".join(_written(person) for person in replies), tags)
    return {**headers, **(shared.get("headers") or {}), **(own.get("headers") or {})}


def _written(person: dict[str, Any]) -> str:
    """`"Name" <address>`; not encoded, since people read it here."""
    name = str(person.get("name") or "")
    if not name:
        return str(person["email"])
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{person["email"]}>'


def _without_content(attachment: dict[str, Any]) -> dict[str, Any]:
    described = {name: value for name, value in attachment.items() if name != "content"}
    return {**described, "base64_characters": len(attachment["content"])}


def _rfc3339(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
