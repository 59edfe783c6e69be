"""Channels as accounts at providers, in the table."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute

from leadflow.core import clock, listing, table

_CHANNELS = "CHCS"
# An account has a few channels of a type; the oldest active one is among its first so many.
_MOST_OF_A_TYPE = 100
_MOST_IN_ALL = 500


class ChannelConfig(table.Item, discriminator="ChannelConfig"):
    """One channel. `credentials` holds ciphertexts by name, each bound to this channel and name.

    `retired` holds those that were replaced and still verify, by name as `[{"ciphertext", "until"}]`.

    pk `CHC#<id>`  sk `#META`  GSI1 `CHCS` / `<type>#<created_at>#<id>`  GSI2 `CHCS` / `<created_at>#<id>`
    """

    record_fields = (
        *("id", "channel_type", "provider", "is_active", "phone_number", "page_id", "rate_limit_per_minute"),
        *("from_email", "from_name", "reply_to", "postal_address", "is_healthy", "last_checked_at"),
        *("created_at", "updated_at"),
    )

    id = UnicodeAttribute()
    channel_type = UnicodeAttribute()
    provider = UnicodeAttribute()
    is_active = BooleanAttribute()
    credentials = JSONAttribute()
    retired = JSONAttribute(null=True)
    phone_number = UnicodeAttribute(null=True)
    page_id = UnicodeAttribute(null=True)
    rate_limit_per_minute = NumberAttribute(null=True)
    from_email = UnicodeAttribute(null=True)
    from_name = UnicodeAttribute(null=True)
    reply_to = UnicodeAttribute(null=True)
    postal_address = UnicodeAttribute(null=True)
    is_healthy = BooleanAttribute(null=True)
    last_checked_at = UnicodeAttribute(null=True)

    def record(self) -> table.Record:
        """Of the credentials it shows which are set."""
        shown = super().record()
        shown["credentials_set"] = sorted(self.credentials)
        return shown


def create_channel(channel_id: str, fields: dict[str, Any], credentials: dict[str, str]) -> ChannelConfig:
    """A new channel; `credentials` are ciphertexts. Raises table.AlreadyThere when the id is taken."""
    now = clock.now_stamp()
    item = ChannelConfig(pk=_channel_key(channel_id), sk="#META", id=channel_id, credentials=credentials, **fields)
    item.created_at = now
    item.gsi1pk, item.gsi1sk = _CHANNELS, f"{item.channel_type}#{now}#{channel_id}"
    item.gsi2pk, item.gsi2sk = _CHANNELS, f"{now}#{channel_id}"
    return table.create(item)


def find_channel(channel_id: str) -> ChannelConfig | None:
    return table.find(ChannelConfig, _channel_key(channel_id), "#META")


def first_active(channel_type: str) -> ChannelConfig | None:
    """The oldest active channel of a type; one query and one read."""
    return next((channel for channel in channels_of_type(channel_type) if channel.is_active), None)


def channels_of_type(channel_type: str) -> list[ChannelConfig]:
    """The oldest hundred channels of a type, active or not; one query and one read."""
    keys = table.query_keys("GSI1", _CHANNELS, prefix=f"{channel_type}#", limit=_MOST_OF_A_TYPE, newest_first=False)
    found = table.find_many(ChannelConfig, [(pk, sk) for _, pk, sk in keys])
    return sorted(found, key=lambda channel: str(channel.gsi1sk))


def unhealthy_channels() -> list[ChannelConfig]:
    """Active channels whose account the provider refused last, of the first five hundred channels."""
    keys = table.query_keys("GSI2", _CHANNELS, limit=_MOST_IN_ALL, newest_first=False)
    found = table.find_many(ChannelConfig, [(pk, sk) for _, pk, sk in keys])
    return [channel for channel in found if channel.is_active and channel.is_healthy is False]


def channels_page(limit: int, cursor: str | None) -> dict[str, Any]:
    """Newest first."""
    return listing.page(ChannelConfig, "GSI2", [_CHANNELS], limit=limit, cursor=cursor, listing="channels")


def note_health(channel: ChannelConfig, healthy: bool) -> None:
    """Writes down whether the provider takes the credentials. Raises table.Stale when the channel is gone."""
    table.change(
        channel,
        [ChannelConfig.is_healthy.set(healthy), ChannelConfig.last_checked_at.set(clock.now_stamp())],
        any_version=True,
    )


def _channel_key(channel_id: str) -> str:
    return f"CHC#{channel_id}"
