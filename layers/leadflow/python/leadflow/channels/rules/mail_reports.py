"""What an event of a mail provider says."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from leadflow.channels.mail import ID_ARGUMENT
from leadflow.channels.rules.posted import is_small, storable

# SendGrid's words for what can happen to a mail, as the campaigns wing calls it. Its groups are none of ours, so
# leaving one is leaving; coming back to one says nothing about us.
_MAIL_EVENTS = {
    "processed": "processed",
    "deferred": "deferred",
    "delivered": "delivered",
    "bounce": "bounce",
    "dropped": "dropped",
    "open": "open",
    "click": "click",
    "spamreport": "spamreport",
    "unsubscribe": "unsubscribe",
    "group_unsubscribe": "unsubscribe",
}
# What an event may tell beyond its name. Not the address: the mail it is about knows whom it went to.
_TOLD = (
    *("sg_event_id", "sg_message_id", "type", "reason", "status", "bounce_classification", "response", "attempt"),
    *("useragent", "ip", "url", "url_offset", "sg_machine_open", "sg_content_type"),
)
# In the place of an entry about a person who was erased: it is passed over, and the others keep their places.
ERASED_ENTRY = {"erased": True}
# Seconds since 1970 have 10 digits for the next 260 years; some of SendGrid's products report milliseconds.
_FIRST_MILLISECONDS = 10**11
_LAST_SECOND = 10**10


@dataclass(frozen=True)
class MailReport:
    """What a provider reports about one mail of ours."""

    mail_id: str
    event: str
    at: datetime
    data: dict[str, Any]


def mail_report(entry: Any, received_at: datetime) -> MailReport | None:
    """What an entry of SendGrid's event webhook says about a mail of ours; None when it says nothing about one.

    An entry without a time of its own happened when it was received.
    """
    if not isinstance(entry, dict):
        return None
    mail_id, event = entry.get(ID_ARGUMENT), entry.get("event")
    if not isinstance(mail_id, str) or not mail_id or not isinstance(event, str) or event not in _MAIL_EVENTS:
        return None
    if not mail_id.isascii():
        # Ours are, and half of a pair of surrogates could not even be looked up.
        return None
    data = {name: _kept(entry[name]) for name in _TOLD if name in entry and is_small(entry[name])}
    return MailReport(mail_id, _MAIL_EVENTS[event], _moment(entry.get("timestamp")) or received_at, data)


def _kept(value: Any) -> Any:
    return storable(value) if isinstance(value, str) else value


def is_about(entry: Any, mails: Container[str]) -> bool:
    """Whether an entry is about one of these mails, whatever it says of it."""
    named = entry.get(ID_ARGUMENT) if isinstance(entry, dict) else None
    return isinstance(named, str) and named in mails


def signed_at(timestamp: str) -> datetime | None:
    """The time in a signature's timestamp; None when it is none."""
    return _moment(int(timestamp)) if timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16 else None


def _moment(timestamp: Any) -> datetime | None:
    if not isinstance(timestamp, int | float) or isinstance(timestamp, bool):
        return None
    seconds = timestamp / 1000 if _FIRST_MILLISECONDS <= timestamp < _LAST_SECOND * 1000 else timestamp
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _LAST_SECOND else None
