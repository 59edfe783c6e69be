"""What SendGrid's Inbound Parse says: one mail per post, taken apart into fields or whole (`send_raw`).

https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime
from itertools import islice
from typing import Any, cast

from leadflow.channels.rules.arrivals import Arrival, Attachment, Unreadable
from leadflow.channels.rules.posted import LONGEST_ID, json_of, storable
from leadflow.core.multipart import Part, parts_of

_LONGEST_LINE = 1_000
_MOST_REFERENCES = 50
_MOST_ATTACHMENTS = 50
_MOST_TEXT = 100_000
# The standard library reads a header in the square of the time that it is long, and everybody may write to us.
_LONGEST_HEADER = 16_000
_LONGEST_HEADER_OF_PART = 2_000
_MOST_PARTS = 200
_LONGEST_ADDRESSEES = 50_000
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,500})>")
_TAG = re.compile(r"<[^<>]*>")
_RAW_FIELDS = ("email", "rawEmail")
# Codecs for names of hosts, which take the square of a text's length and are no charset of any mail.
_NAMES_OF_HOSTS = ("idna", "punycode")
# Senders of bounces; the empty address is theirs by RFC 5321, 4.5.5.
_DAEMONS = ("mailer-daemon@", "postmaster@")
_AUTOMATIC_SUBJECTS = (
    "out of office",
    "automatic reply",
    "auto-reply",
    "autoreply",
    "abwesenheitsnotiz",
    "autoantwort",
)


def mail_arrivals(content_type: str, raw: bytes, received_at: datetime) -> list[Arrival | Unreadable]:
    """The mail in a post. Raises ValueError when it is no form of a mail, or one that nobody can read."""
    try:
        return [_arrival(parts_of(content_type, raw), received_at)]
    except RecursionError:
        raise ValueError("its headers or parts are nested too deeply") from None


def _arrival(parts: Mapping[str, Part], received_at: datetime) -> Arrival | Unreadable:
    whole = next((parts[name].content for name in _RAW_FIELDS if name in parts), None)
    if whole is None and "headers" not in parts:
        raise ValueError("it has neither headers nor a whole mail")
    mail = _parsed(whole if whole is not None else parts["headers"].content + b"\r\n\r\n")
    person, person_name = _first_address(_field(parts, "from") or _header(mail, "from"))
    envelope = _json(parts, "envelope")
    own = _addressees(envelope, parts, mail)
    message_id = _ids(_header(mail, "message-id"))
    automatic = _why_automatic(mail, envelope, person)
    if not person and automatic != "bounce":
        return Unreadable("0", "it has no sender")
    if not own:
        return Unreadable("0", "it has no recipient")
    told = _of_whole(mail) if whole is not None else _of_fields(parts)
    return Arrival(
        kind="message",
        channel_type="email",
        account_id=own[0],
        person=person or "mailer-daemon@invalid",
        received_at=received_at,
        provider_message_id=message_id[0] if message_id else None,
        person_name=person_name,
        at=None,
        subject=_line(_field(parts, "subject") or _header(mail, "subject")),
        text=told[0],
        attachments=told[1],
        in_reply_to=next(iter(_ids(_header(mail, "in-reply-to"))), None),
        references=tuple(_references(mail))[-_MOST_REFERENCES:],
        automatic=automatic is not None,
        data=_data(mail, parts, own, automatic),
    )


class _Policy(policy.EmailPolicy):
    """Reads of every header what can be read in a moment."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        longest = _LONGEST_HEADER_OF_PART if name.lower().startswith("content-") else _LONGEST_HEADER
        return super().header_fetch_parse(name, value[:longest])


def _parsed(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=cast("policy.EmailPolicy[EmailMessage]", _Policy()))


def _header(mail: EmailMessage, name: str) -> str:
    """A header's text; one that even the library cannot read has none."""
    try:
        return str(mail.get(name, "")).replace("\x00", "")
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, IndexError):
        return ""


def _field(parts: Mapping[str, Part], name: str) -> str:
    """A field's text in the charset that the post says it has."""
    part = parts.get(name)
    charset = _json(parts, "charsets").get(name) if name != "charsets" else None
    return _decoded(part.content, charset) if part is not None else ""


def _decoded(content: bytes, charset: Any) -> str:
    """Text in a named charset; in UTF-8, then Windows-1252 where the name is unknown or wrong.

    By `bytes.decode`, which knows charsets alone: `codecs` would unpack 400 bytes of `bz2` to gigabytes.
    """
    for name in (charset, "utf-8"):
        try:
            known = codecs.lookup(str(name or "utf-8")).name
            if known not in _NAMES_OF_HOSTS:
                return storable(content.decode(known))
        except (LookupError, ValueError):
            continue
    return storable(content.decode("cp1252", "replace"))


def _json(parts: Mapping[str, Part], name: str) -> dict[str, Any]:
    part = parts.get(name)
    try:
        found = json_of(part.content) if part is not None else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _first_address(text: str) -> tuple[str, str | None]:
    found = [(name, address) for name, address in getaddresses([text[:_LONGEST_LINE]]) if "@" in address]
    if not found:
        return "", None
    name, address = found[0]
    return address.strip().lower(), _line(name)


def _addressees(envelope: Mapping[str, Any], parts: Mapping[str, Part], mail: EmailMessage) -> list[str]:
    """Whom the mail was really sent to, which the envelope knows and the header To may not."""
    listed = envelope.get("to")
    told = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    if not told:
        text = _field(parts, "to") or _header(mail, "to")
        told = [address for _, address in getaddresses([text[:_LONGEST_ADDRESSEES]])]
    return [one.strip().lower()[:LONGEST_ID] for one in told if "@" in one]


def _ids(text: str) -> list[str]:
    return _MESSAGE_ID.findall(text)


def _references(mail: EmailMessage) -> Iterable[str]:
    return dict.fromkeys([*_ids(_header(mail, "references")), *_ids(_header(mail, "in-reply-to"))])


def _line(text: str) -> str | None:
    return " ".join(storable(text).split())[:_LONGEST_LINE] or None


def _why_automatic(mail: EmailMessage, envelope: Mapping[str, Any], person: str) -> str | None:
    """`bounce`, `auto_reply` or `list`, by the headers that RFC 3834, 3464, 2919 and common practice give them."""
    if mail.get_content_type() == "multipart/report" or person.startswith(_DAEMONS) or envelope.get("from") == "":
        return "bounce"
    submitted = _header(mail, "auto-submitted").strip().lower()
    subject = _header(mail, "subject").strip().lower()
    named = ("x-autoreply", "x-autorespond", "x-autoresponder")
    if (submitted and submitted != "no") or any(mail.get(name) is not None for name in named):
        return "auto_reply"
    if subject.startswith(_AUTOMATIC_SUBJECTS) or _header(mail, "precedence").strip().lower() == "auto_reply":
        return "auto_reply"
    bulk = _header(mail, "precedence").strip().lower() in ("bulk", "list", "junk")
    return "list" if bulk or mail.get("list-id") is not None else None


def _of_fields(parts: Mapping[str, Part]) -> tuple[str | None, tuple[Attachment, ...]]:
    text = _field(parts, "text") or _plain(_field(parts, "html"))
    listed = _json(parts, "attachment-info")
    found = []
    for name, part in parts.items():
        if not name.startswith("attachment") or not name[len("attachment") :].isdigit():
            continue
        told = listed.get(name)
        told = told if isinstance(told, dict) else {}
        media_type = str(told.get("type") or part.media_type or "application/octet-stream")
        found.append(_attachment(part.content, media_type, told.get("filename") or part.filename))
    return text[:_MOST_TEXT] or None, tuple(found[:_MOST_ATTACHMENTS])


def _of_whole(mail: EmailMessage) -> tuple[str | None, tuple[Attachment, ...]]:
    text, html = "", ""
    found = []
    for part in islice(mail.walk(), _MOST_PARTS):
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        content = content if isinstance(content, bytes) else b""
        kind, name = part.get_content_type(), _name_of(part)
        if part.get_content_disposition() == "attachment" or name or part.get_content_maintype() != "text":
            found.append(_attachment(content, kind, name))
        elif kind == "text/html":
            html = html or _decoded(content, part.get_content_charset())
        else:
            text = text or _decoded(content, part.get_content_charset())
    return (text or _plain(html))[:_MOST_TEXT] or None, tuple(found[:_MOST_ATTACHMENTS])


def _name_of(part: Any) -> str | None:
    try:
        return part.get_filename() or None
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, IndexError):
        return None


def _attachment(content: bytes, media_type: str, name: Any) -> Attachment:
    kind = media_type.partition("/")[0].lower()
    return Attachment(
        kind=kind if kind in ("image", "audio", "video") else "file",
        content=content,
        media_type=media_type.lower()[:200],
        name=_line(name) if isinstance(name, str) else None,
        size=len(content),
    )


def _plain(html: str) -> str:
    """Words of a page without its marks; only for mails that bring no plain text themselves."""
    return " ".join(_TAG.sub(" ", html).split())


def _data(mail: EmailMessage, parts: Mapping[str, Part], own: list[str], automatic: str | None) -> dict[str, Any]:
    data: dict[str, Any] = {"to": own[:100], "spf": _line(_field(parts, "SPF")), "dkim": _line(_field(parts, "dkim"))}
    if automatic:
        data["automatic"] = automatic
    try:
        sent_at = parsedate_to_datetime(_header(mail, "date"))
        data["date"] = sent_at.astimezone(UTC).isoformat() if sent_at.tzinfo else None
    except (ValueError, TypeError, OverflowError, IndexError):
        pass
    return {name: value for name, value in data.items() if value}
