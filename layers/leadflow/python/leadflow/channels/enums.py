"""Kinds of channels, the providers behind them, and what each provider's account is made of."""

from __future__ import annotations

from typing import Literal, get_args

ChannelType = Literal["whatsapp", "sms", "messenger", "instagram", "email"]
Provider = Literal["twilio", "facebook", "sendgrid"]
# `received` is stored and waits, `processed` is done, `parked` needs somebody to look at it.
DeliveryState = Literal["received", "processed", "parked"]
# What a provider posts: mail events, messages, fates of our messages, mail that comes in.
DeliveryKind = Literal["events", "messages", "status", "inbound"]
ArrivalKind = Literal[
    "message", "quick_reply", "postback", "echo", "reaction", "read", "delivered", "status", "unsend", "edit",
    "referral", "standby", "optout", "optin",
]  # fmt: skip
ConversationStatus = Literal["active", "closed", "transferred"]
# By `chat` and `phone` nothing is sent by us: what is said there is only kept.
ConversationChannel = Literal["chat", "email", "phone", "whatsapp", "sms", "messenger", "instagram"]
Sentiment = Literal["positive", "neutral", "negative"]
MessageRole = Literal["user", "assistant", "system"]
Direction = Literal["inbound", "outbound"]
MessageStatus = Literal["queued", "sent", "delivered", "read", "failed", "received"]
# Why a message of ours may be sent outside the window: a person of ours wrote it.
MessageTag = Literal["HUMAN_AGENT"]
# Why a provider did not deliver a message, in words that hold for all of them.
RefusalReason = Literal[
    "window_closed", "opted_out", "unreachable", "invalid_recipient", "invalid_content", "too_long", "filtered",
    "account", "rate_limited", "not_allowed", "unknown",
]  # fmt: skip
# What is to be done about a refusal: nothing more; try again later; stop the channel until a check succeeds.
RefusalRemedy = Literal["none", "later", "hold"]

CHANNEL_TYPES: tuple[str, ...] = get_args(ChannelType)
CONVERSATION_STATUSES: tuple[str, ...] = get_args(ConversationStatus)
CONVERSATION_CHANNELS: tuple[str, ...] = get_args(ConversationChannel)
MESSAGE_STATUSES: tuple[str, ...] = get_args(MessageStatus)
DIRECTIONS: tuple[str, ...] = get_args(Direction)
MAX_ASSIGNEE = 200
MAX_CONTENT = 10_000
DELIVERY_STATES: tuple[str, ...] = get_args(DeliveryState)

PROVIDER_OF: dict[str, Provider] = {
    "whatsapp": "twilio",
    "sms": "twilio",
    "messenger": "facebook",
    "instagram": "facebook",
    "email": "sendgrid",
}
CREDENTIALS_OF: dict[str, tuple[str, ...]] = {
    "twilio": ("account_sid", "auth_token"),
    "facebook": ("page_access_token", "app_secret", "verify_token"),
    "sendgrid": ("api_key", "event_public_key", "inbound_secret"),
}
# Without these an account can do nothing, so a channel without them cannot be active.
NEEDED_CREDENTIALS_OF: dict[str, tuple[str, ...]] = {
    "twilio": ("account_sid", "auth_token"),
    "facebook": ("page_access_token", "app_secret", "verify_token"),
    "sendgrid": ("api_key",),
}
# What we show the provider when we send; what it says of the account is about these.
SENDING_CREDENTIALS = frozenset({"account_sid", "auth_token", "page_access_token", "api_key"})
# The right that a mail provider's key needs.
SEND_SCOPE = "mail.send"
# What providers sign with, or show us; when replaced, the former is good for a while longer.
VERIFYING_CREDENTIALS = frozenset({"auth_token", "app_secret", "verify_token", "event_public_key", "inbound_secret"})
