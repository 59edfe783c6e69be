"""What Twilio's webhooks say: forms about messages of SMS and WhatsApp, and about the fate of ours.

https://www.twilio.com/docs/messaging/guides/webhook-request and
https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from leadflow.channels.enums import ArrivalKind, ChannelType
from leadflow.channels.rules.arrivals import Arrival, Attachment, StatusReport, Unreadable
from leadflow.channels.rules.keywords import keyword_of
from leadflow.channels.rules.posted import LONGEST_ID, json_of

REFERENCE = "m"
_WHATSAPP = "whatsapp:"
_MOST_MEDIA = 10
_LONGEST_CODE = 20
_PHONE = re.compile(r"\+[1-9][0-9]{4,14}")
_DIGITS = re.compile(r"[1-9][0-9]{4,14}")
# What a message may tell beyond its words, under Twilio's own names.
_KEPT = (
    *("MessagingServiceSid", "NumSegments", "MessageType", "Forwarded", "FrequentlyForwarded", "ButtonText"),
    *("ButtonPayload", "ListId", "ListTitle", "ListDescription", "Latitude", "Longitude", "Address", "Label"),
    *("OptOutType", "ReferralBody", "ReferralHeadline", "ReferralSourceId", "ReferralSourceType", "ReferralSourceUrl"),
    *("ReferralCtwaClid", "FromCountry"),
)
_OPT_OUT_TYPES: dict[str, ArrivalKind] = {"STOP": "optout", "START": "optin"}


def twilio_message(raw: bytes, received_at: datetime) -> list[Arrival | Unreadable]:
    """The message in a form, and before it the wish to hear no more (or again) where it is one."""
    form = _form(raw)
    sender, own, sid = form.get("From", ""), form.get("To", ""), form.get("MessageSid") or form.get("SmsSid", "")
    if not (sender and own and sid):
        return [Unreadable("0", "it has no From, To or MessageSid")]
    if len(max(sender, own, sid, key=len)) > LONGEST_ID:
        return [Unreadable("0", "its From, To or MessageSid is longer than any")]
    payload = form.get("ButtonPayload") or form.get("ListId")
    channel_type = _channel_type(sender)
    common: dict[str, Any] = {
        "channel_type": channel_type,
        "account_id": _bare(own),
        "person": _bare(sender),
        "received_at": received_at,
        "provider_message_id": sid,
        "person_name": form.get("ProfileName") or None,
        "phone": _phone(form),
        "data": _data(form),
    }
    wish = _OPT_OUT_TYPES.get(form.get("OptOutType", "").upper()) or keyword_of(form.get("Body", ""))
    message = Arrival(
        kind="quick_reply" if payload else "message",
        text=form.get("Body") or form.get("ButtonText") or form.get("ListTitle") or None,
        attachments=_attachments(form),
        in_reply_to=form.get("OriginalRepliedMessageSid", "")[:LONGEST_ID] or None,
        **common,
    )
    return [Arrival(kind=wish, **common), message] if wish else [message]


def twilio_status(raw: bytes, reference: str | None, received_at: datetime) -> list[Arrival | Unreadable]:
    """What a status callback says of a message of ours; `reference` is our id of it from the callback's URL."""
    form = _form(raw)
    sid = form.get("MessageSid") or form.get("SmsSid", "")
    status = form.get("MessageStatus") or form.get("SmsStatus", "")
    recipient, own = form.get("To", ""), form.get("From", "")
    if not (sid and status):
        return [Unreadable("0", "it has no MessageSid or MessageStatus")]
    if len(max(sid, recipient, own, key=len)) > LONGEST_ID:
        return [Unreadable("0", "its MessageSid, From or To is longer than any")]
    report = StatusReport(
        provider_message_id=sid,
        status=status.lower(),
        error_code=form.get("ErrorCode", "")[:_LONGEST_CODE] or None,
        error_message=form.get("ErrorMessage", "")[:LONGEST_ID] or None,
        reference=reference,
    )
    arrival = Arrival(
        kind="status",
        channel_type=_channel_type(recipient),
        account_id=_bare(own),
        person=_bare(recipient),
        received_at=received_at,
        provider_message_id=sid,
        report=report,
    )
    return [arrival]


def _form(raw: bytes) -> dict[str, str]:
    """The form's values; of a name that comes twice the first, as it is Twilio's own."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(raw.decode(errors="replace"), keep_blank_values=True):
        found.setdefault(name, value.replace("\x00", ""))
    return found


def _channel_type(address: str) -> ChannelType:
    return "whatsapp" if address.startswith(_WHATSAPP) else "sms"


def _bare(address: str) -> str:
    return address.removeprefix(_WHATSAPP).strip()


def _phone(form: Mapping[str, str]) -> str | None:
    """Who writes by WhatsApp may hide their number; then the address is no number, or WaId is not there."""
    bare = _bare(form.get("From", ""))
    if _PHONE.fullmatch(bare):
        return bare
    digits = form.get("WaId", "")
    return f"+{digits}" if _DIGITS.fullmatch(digits) else None


def _attachments(form: Mapping[str, str]) -> tuple[Attachment, ...]:
    count = form.get("NumMedia", "")
    number = min(int(count), _MOST_MEDIA) if count.isascii() and count.isdigit() and len(count) < 4 else 0
    return tuple(
        Attachment(kind=kind.partition("/")[0] or "file", url=url, media_type=kind or None)
        for index in range(number)
        if (url := form.get(f"MediaUrl{index}"))
        for kind in (form.get(f"MediaContentType{index}", ""),)
    )


def _data(form: Mapping[str, str]) -> dict[str, Any]:
    data: dict[str, Any] = {name: form[name] for name in _KEPT if form.get(name)}
    user = form.get("ExternalUserIdentifier") or form.get("ExternalUserId")
    if user:
        data["external_user"] = _bare(user)
    try:
        metadata = json_of((form.get("ChannelMetadata") or "null").encode())
    except ValueError:
        metadata = None
    if isinstance(metadata, dict):
        data["channel_metadata"] = metadata
    return data
