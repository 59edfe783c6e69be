"""Which channels make sense, and where their providers are to post."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from leadflow.channels.enums import CREDENTIALS_OF, NEEDED_CREDENTIALS_OF, PROVIDER_OF

_MAIL_FIELDS = ("from_email", "from_name", "reply_to", "postal_address")
_NEEDED_MAIL_FIELDS = ("from_email", "postal_address")
_WEBHOOK_PATHS = {
    "sendgrid": "/webhooks/sendgrid/{}/events",
    "twilio": "/webhooks/twilio/{}",
    "facebook": "/webhooks/meta/{}",
}
_INBOUND_PATH = "/webhooks/sendgrid/{}/inbound"


def channel_errors(channel: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with a channel that was asked for, as (field, message)."""
    kind, wanted = channel["channel_type"], channel["provider"]
    provider = PROVIDER_OF[kind]
    if wanted not in (None, provider):
        yield "provider", f"must be {provider} for {kind}"
        return
    given, known = channel["api_credentials"], CREDENTIALS_OF[provider]
    for name in sorted(set(given) - set(known)):
        yield f"api_credentials.{name}", f"is not one of {provider}'s: {', '.join(known)}"
    for name in NEEDED_CREDENTIALS_OF[provider]:
        if channel["is_active"] and name not in given:
            yield f"api_credentials.{name}", "is needed for an active channel"
    for name in _MAIL_FIELDS:
        if kind != "email" and channel[name] is not None:
            yield name, "belongs to channels of type email"
        elif kind == "email" and channel[name] is None and name in _NEEDED_MAIL_FIELDS:
            yield name, "is needed for a channel of type email"


def webhook_urls(base: str, channel_id: str, provider: str) -> tuple[str, str | None]:
    """Where the provider is to post events, and for mail where it is to post mail that comes in."""
    inbound = base + _INBOUND_PATH.format(channel_id) if provider == "sendgrid" else None
    return base + _WEBHOOK_PATHS[provider].format(channel_id), inbound
