"""Use cases of channels: the accounts themselves, sending by them, and the inbox of what their providers post."""

from leadflow.channels.service.accounts import active_email_channel, create, delete, get, is_ready, page, update
from leadflow.channels.service.connecting import check, mailer, messenger
from leadflow.channels.service.erasing import erase_person
from leadflow.channels.service.inbox import (
    has_unread_deliveries,
    inbox_page,
    park,
    process,
    replay,
    replay_range,
)
from leadflow.channels.service.receiving import (
    MailPost,
    receive_mail,
    receive_meta,
    receive_sendgrid,
    receive_twilio,
    verify_meta,
)
from leadflow.channels.service.recovery import reconcile

__all__ = [
    "MailPost",
    "active_email_channel",
    "check",
    "create",
    "delete",
    "erase_person",
    "get",
    "has_unread_deliveries",
    "inbox_page",
    "is_ready",
    "mailer",
    "messenger",
    "page",
    "park",
    "process",
    "receive_mail",
    "receive_meta",
    "receive_sendgrid",
    "receive_twilio",
    "reconcile",
    "replay",
    "replay_range",
    "update",
    "verify_meta",
]
