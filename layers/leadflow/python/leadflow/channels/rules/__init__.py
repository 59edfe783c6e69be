"""Decisions of the channels wing, a module by subject."""

from leadflow.channels.rules.accounts import channel_errors, webhook_urls
from leadflow.channels.rules.mail_reports import ERASED_ENTRY, MailReport, is_about, mail_report, signed_at

__all__ = [
    "ERASED_ENTRY",
    "MailReport",
    "channel_errors",
    "is_about",
    "mail_report",
    "signed_at",
    "webhook_urls",
]
