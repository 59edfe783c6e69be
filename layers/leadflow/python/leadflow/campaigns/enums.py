"""The closed sets of words that templates, mails and suppressions use."""

from __future__ import annotations

from typing import Literal, get_args

EmailStatus = Literal["queued", "sent", "delivered", "opened", "clicked", "bounced", "failed"]
EmailOutcome = Literal["pending", "accepted", "rejected", "skipped", "unknown"]
# What a provider reports about a mail, in its own words.
MailEvent = Literal[
    "processed", "delivered", "deferred", "bounce", "dropped", "open", "click", "spamreport", "unsubscribe"
]
# Who was behind an open or a click; unknown counts as human.
Actor = Literal["human", "machine", "scanner", "unknown"]
SuppressionChannel = Literal["email", "sms", "whatsapp", "messenger", "instagram"]
SuppressionReason = Literal["unsubscribe", "bounce", "spam_report", "stop_keyword", "manual"]

EMAIL_STATUSES: tuple[str, ...] = get_args(EmailStatus)
EMAIL_OUTCOMES: tuple[str, ...] = get_args(EmailOutcome)
MAIL_EVENTS: tuple[str, ...] = get_args(MailEvent)
