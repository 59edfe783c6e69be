"""What callers send and get about channels and the webhook inbox."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from leadflow.channels.enums import ChannelType, DeliveryKind, DeliveryState, Provider
from leadflow.channels.schema_conversations import (
    Conversation,
    ConversationCreate,
    ConversationUpdate,
    Message,
    MessageCreate,
)
from leadflow.core.schema import Email, Moment, Phone, Read, Text, Timestamp, Write

__all__ = [
    "ChannelCheck",
    "ChannelConfig",
    "ChannelConfigCreate",
    "ChannelConfigUpdate",
    "Conversation",
    "ConversationCreate",
    "ConversationUpdate",
    "InboxReplay",
    "InboxReplayed",
    "Message",
    "MessageCreate",
    "ParkedEntry",
    "WebhookDelivery",
]

# Headers and forms carry them, so printable ASCII; KMS encrypts 4 KB at a time.
Credential = Annotated[str, Field(min_length=1, max_length=4000, pattern=r"^[\x20-\x7e]+$")]
Line = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$")]


class ChannelConfigCreate(Write):
    """A channel: one account at the provider that its type belongs to.

    `api_credentials` are for twilio `account_sid` and `auth_token`, for facebook `page_access_token`, `app_secret` and
    `verify_token`, for sendgrid `api_key`, and if events are to be heard and mail to be received `event_public_key` and
    `inbound_secret`. They are kept encrypted and never shown. Mails need `from_email` and `postal_address`, which
    stands at the end of every mail.
    """

    channel_type: ChannelType
    provider: Provider | None = Field(default=None, description="The one of the channel type when left out.")
    is_active: bool = True
    api_credentials: dict[Annotated[Line, Field(max_length=40)], Credential] = Field(
        default_factory=dict, max_length=10
    )
    phone_number: Phone | None = None
    page_id: Annotated[Line, Field(min_length=1, max_length=100)] | None = None
    rate_limit_per_minute: int | None = Field(default=None, ge=1, le=1_000_000)
    from_email: Email | None = None
    from_name: Annotated[Line, Field(min_length=1, max_length=100)] | None = None
    reply_to: Email | None = None
    postal_address: Annotated[Text, Field(min_length=1, max_length=500)] | None = None


def _left_alone() -> Any:
    """The value of a field that was not given, where null itself is refused."""
    return None


class ChannelConfigUpdate(Write):
    """A change of a channel: fields left out stay, null empties those that may be empty.

    Of `api_credentials` those named are replaced, null takes one away. What the provider signs with or shows us
    (`auth_token`, `app_secret`, `verify_token`, `event_public_key`, `inbound_secret`) is accepted for
    `credential_grace_hours` longer, beside the new one; 0 ends it at once, together with those replaced before. With
    new credentials to send with, `is_healthy` is null again until they are used or checked.
    """

    is_active: bool = Field(default_factory=_left_alone)
    api_credentials: dict[Annotated[Line, Field(max_length=40)], Credential | None] = Field(
        default_factory=dict, max_length=10
    )
    credential_grace_hours: int = Field(default=24, ge=0, le=168)
    phone_number: Phone | None = None
    page_id: Annotated[Line, Field(min_length=1, max_length=100)] | None = None
    rate_limit_per_minute: int | None = Field(default=None, ge=1, le=1_000_000)
    from_email: Email | None = None
    from_name: Annotated[Line, Field(min_length=1, max_length=100)] | None = None
    reply_to: Email | None = None
    postal_address: Annotated[Text, Field(min_length=1, max_length=500)] | None = None


class InboxReplay(Write):
    """Which deliveries are worked on again: those received from one time to another, of a channel or in a state."""

    from_: Moment = Field(alias="from")
    to: Moment
    channel_id: Annotated[Line, Field(min_length=1, max_length=100)] | None = None
    state: DeliveryState | None = None


class InboxReplayed(Read):
    """How many deliveries were put back to work; `next_from` is the `from` to ask with next, null when all was seen."""

    queued: int
    next_from: Timestamp | None


class ParkedEntry(Read):
    """An entry of a delivery that could not be used, by its place in it, and why."""

    entry: str
    reason: str


class ChannelConfig(Read):
    """A channel. Of its credentials it shows which are set, never a value.

    Set `webhook_url` (and for mail `inbound_url`) at the provider. `is_healthy` is what the last check, or the last
    refusal of its credentials, showed; null before the first. Mail that is taken after a refusal makes it healthy.
    """

    id: str
    channel_type: ChannelType
    provider: Provider
    is_active: bool
    credentials_set: list[str]
    webhook_url: str
    inbound_url: str | None
    phone_number: str | None
    page_id: str | None
    rate_limit_per_minute: int | None
    from_email: str | None
    from_name: str | None
    reply_to: str | None
    postal_address: str | None
    is_healthy: bool | None
    last_checked_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp


class ChannelCheck(Read):
    """What the provider said of the stored credentials: whether they do, and what they allow where it tells."""

    ok: bool
    detail: str
    scopes: list[str] | None


class WebhookDelivery(Read):
    """What a provider posted, and by which of its webhooks.

    `entries` counts the events in it once they were read; `reason` says why it is parked, `parked_entries` which of
    its entries are, at most 50.
    """

    id: str
    channel_id: str
    provider: Provider
    webhook: DeliveryKind
    received_at: Timestamp
    state: DeliveryState
    reason: str | None
    entries: int | None
    parked_entries: list[ParkedEntry] | None
