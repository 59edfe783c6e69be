"""What reports make of a message: its status only moves up, whatever order they come in and however often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# A receipt of delivery says more than a report of failure: carriers report both when they were not sure at first.
_RANK = {"queued": 0, "sent": 1, "failed": 2, "delivered": 3, "read": 4}
# Twilio's words: https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
_WORDS = {
    "accepted": "queued",
    "scheduled": "queued",
    "queued": "queued",
    "sending": "queued",
    "sent": "sent",
    "delivered": "delivered",
    "partially_delivered": "delivered",
    "read": "read",
    "failed": "failed",
    "undelivered": "failed",
    "canceled": "failed",
}
# SendGrid's words: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
_MAIL_WORDS = {
    "processed": "sent",
    "delivered": "delivered",
    "open": "read",
    "click": "read",
    "bounce": "failed",
    "dropped": "failed",
}
OUTCOME_UNKNOWN = "outcome_unknown"
HELD = "held"
HELD_BECAUSE = "The provider refuses the channel's account; it is sent when a check of the channel succeeds."


def status_of(word: str) -> str | None:
    """A provider's word for what became of a message, in ours; None for a word that says nothing about it."""
    return _WORDS.get(word)


def status_of_mail(event: str) -> str | None:
    """The same of a report about a mail."""
    return _MAIL_WORDS.get(event)


def higher(status: str, other: str) -> str:
    """The one of two statuses that says more."""
    return max(status, other, key=lambda one: _RANK[one])


def reported(
    message: Mapping[str, Any], status: str, code: str | None = None, sentence: str | None = None
) -> dict[str, Any]:
    """What a report changes of a message of ours (`status`, `outcome`, `error_code`): it also says that it was sent.

    Reports in any order come to the same in the end.
    """
    changes: dict[str, Any] = {}
    if message["outcome"] in ("pending", "unknown"):
        changes["outcome"] = "rejected" if status == "failed" else "accepted"
        changes |= {"lease_until": None, "unknown_since": None, "error_code": None, "error_message": None}
    after = higher(message["status"], status)
    if after != message["status"]:
        changes["status"] = after
        changes |= {"error_code": None, "error_message": None}
    if status == "failed" == after and message["status"] != "failed":
        changes |= {"error_code": code, "error_message": sentence}
    if changes.get("outcome") == "accepted" and after == "queued":
        changes["status"] = "sent"
    return {name: value for name, value in changes.items() if message.get(name) != value}
