"""Use cases of channels: the accounts themselves, sending by them, and the inbox of what their providers post."""

from leadflow.channels.service.accounts import active_email_channel, check, create, get, mailer, page
from leadflow.channels.service.erasing import erase_person
from leadflow.channels.service.inbox import (
    has_unread_deliveries,
    inbox_page,
    park,
    process,
    receive_sendgrid,
    reconcile,
)

__all__ = [
    "active_email_channel",
    "check",
    "create",
    "erase_person",
    "get",
    "has_unread_deliveries",
    "inbox_page",
    "mailer",
    "page",
    "park",
    "process",
    "receive_sendgrid",
    "reconcile",
]
