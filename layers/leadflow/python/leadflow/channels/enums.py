"""Kinds of channels, the providers behind them, and what each provider's account is made of."""

from __future__ import annotations

from typing import Literal, get_args

ChannelType = Literal["whatsapp", "sms", "messenger", "instagram", "email"]
Provider = Literal["twilio", "facebook", "sendgrid"]
# `received` is stored and waits, `processed` is done, `parked` needs somebody to look at it.
DeliveryState = Literal["received", "processed", "parked"]

CHANNEL_TYPES: tuple[str, ...] = get_args(ChannelType)

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
# The right that a mail provider's key needs.
SEND_SCOPE = "mail.send"
