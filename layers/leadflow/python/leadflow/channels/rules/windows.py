"""When a person may be written to on a channel, and what is possible when a free message is not.

WhatsApp: a free message within 24 hours of what the person sent last, an approved template at any time
(https://developers.facebook.com/docs/whatsapp/pricing). Messenger and Instagram: within 24 hours of what the person did
last, with the tag HUMAN_AGENT within 7 days (https://developers.facebook.com/docs/messenger-platform/policy).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

FREE_FOR = timedelta(hours=24)
BY_A_PERSON_FOR = timedelta(days=7)
HUMAN_AGENT = "HUMAN_AGENT"
_WINDOWED = ("whatsapp", "messenger", "instagram")
# What is written to a closed conversation opens it again for so long after it was closed; later it begins a new one.
REOPENS_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Closed:
    """Why a message may not be sent now: `sentence` says it, and what is possible instead."""

    sentence: str


def closes_at(channel: str, last_action: datetime | None) -> datetime | None:
    """Until when free messages may be sent; None on channels without a window, or before the person wrote at all."""
    return last_action + FREE_FOR if channel in _WINDOWED and last_action is not None else None


def closed(
    channel: str, last_action: datetime | None, now: datetime, *, template: str | None = None, tag: str | None = None
) -> Closed | None:
    """Why a message with this template or tag may not be sent at this moment; None when it may."""
    if channel not in _WINDOWED or (channel == "whatsapp" and template):
        return None
    if last_action is not None and now < last_action + FREE_FOR:
        return None
    told = "The person has not written yet" if last_action is None else "The person wrote more than 24 hours ago"
    if channel == "whatsapp":
        return Closed(f"{told}: only an approved template may be sent (template).")
    if last_action is None:
        return Closed(f"{told}: on {channel} nobody can be written to first.")
    if now < last_action + BY_A_PERSON_FOR:
        if tag == HUMAN_AGENT:
            return None
        return Closed(f"{told}: only words of a person of yours may be sent, with the tag {HUMAN_AGENT}.")
    return Closed("The person wrote more than 7 days ago: nothing may be sent until they write again.")


def reopens(ended_at: datetime, received_at: datetime) -> bool | None:
    """What a message that we had at this time makes of a closed conversation: opens it (True), or a new one (False).

    None: it came before the end and only belongs there, however late it was read.
    """
    if received_at <= ended_at:
        return None
    return received_at < ended_at + REOPENS_FOR
