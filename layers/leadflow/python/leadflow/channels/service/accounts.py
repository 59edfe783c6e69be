"""Channels as accounts at providers: made, listed, changed, removed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from leadflow.channels import rules, store
from leadflow.channels.enums import PROVIDER_OF, SENDING_CREDENTIALS
from leadflow.channels.service import credentials
from leadflow.core import ids, links, table
from leadflow.core.errors import InvalidInput, NotFound, PreconditionFailed, RateLimited
from leadflow.core.table import Record

if TYPE_CHECKING:
    from leadflow.channels.schema import ChannelConfigCreate, ChannelConfigUpdate

_ATTEMPTS = 3


def create(body: ChannelConfigCreate) -> Record:
    """A new channel. Raises InvalidInput naming what does not fit its type, or is needed and missing."""
    fields = body.model_dump()
    _check(fields)
    channel_id = ids.new_id()
    fields["provider"] = PROVIDER_OF[body.channel_type]
    ciphertexts = credentials.encrypted(channel_id, fields.pop("api_credentials"))
    return _shown(store.create_channel(channel_id, fields, ciphertexts).record())


def update(channel_id: str, body: ChannelConfigUpdate, if_match: int | None) -> Record:
    """Changes the fields given; credentials one by one, null takes one away.

    What providers sign with is good for the grace period longer, so that a secret can be changed here before or after
    it is changed there. Whether the account works is not known of new credentials until they are used or checked.
    Raises NotFound, PreconditionFailed when `if_match` is not the version, InvalidInput as
    `create`, RateLimited when others change it all the time.
    """
    wanted = body.model_dump(exclude_unset=True)
    given: dict[str, str | None] = wanted.pop("api_credentials", None) or {}
    grace = timedelta(hours=wanted.pop("credential_grace_hours", body.credential_grace_hours))
    for _ in range(_ATTEMPTS):
        channel = _expected(channel_id, if_match)
        before = channel.record()
        changes = {name: value for name, value in wanted.items() if before[name] != value}
        _check({**before, **changes, "api_credentials": _after(channel, given)})
        if not changes and not given:
            return _shown(before)
        for name, value in changes.items():
            setattr(channel, name, value)
        credentials.rotate(channel, given, grace)
        if SENDING_CREDENTIALS.intersection(given):
            # What the provider said was about those before.
            channel.is_healthy = None
        try:
            table.save(channel)
        except table.Stale:
            continue
        return _shown(channel.record())
    raise RateLimited(f"Channel {channel_id} is being changed by many requests at once.")


def delete(channel_id: str, if_match: int | None) -> None:
    """Removes a channel and its credentials; what was said through it stays.

    Raises NotFound, PreconditionFailed and RateLimited as `update`.
    """
    for _ in range(_ATTEMPTS):
        try:
            return table.remove(_expected(channel_id, if_match))
        except table.Stale:
            continue
    raise RateLimited(f"Channel {channel_id} is being changed by many requests at once.")


def get(channel_id: str) -> Record:
    """Raises NotFound."""
    return _shown(load(channel_id).record())


def page(limit: int, cursor: str | None) -> dict[str, Any]:
    found = store.channels_page(limit, cursor)
    return {**found, "items": [_shown(record) for record in found["items"]]}


def is_ready(channel_type: str, channel_id: str | None = None) -> bool:
    """Whether there is an active channel of this type: the one with this id, or any."""
    channel = store.first_active(channel_type) if channel_id is None else store.find_channel(channel_id)
    return channel is not None and channel.is_active and channel.channel_type == channel_type


def active_email_channel() -> Record | None:
    """The oldest active channel of type email, without its credentials; None when there is none."""
    channel = store.first_active("email")
    return None if channel is None else _shown(channel.record())


def load(channel_id: str, *channel_types: str) -> store.ChannelConfig:
    """A channel, of one of these types where some are named. Raises NotFound."""
    channel = store.find_channel(channel_id)
    if channel is None or (channel_types and channel.channel_type not in channel_types):
        raise NotFound("channel", channel_id)
    return channel


def _expected(channel_id: str, if_match: int | None) -> store.ChannelConfig:
    channel = load(channel_id)
    if if_match is not None and channel.v != if_match:
        raise PreconditionFailed(f"Channel {channel_id} is at another version; read it again.")
    return channel


def _after(channel: store.ChannelConfig, given: dict[str, str | None]) -> dict[str, str]:
    """Which credentials there will be; of those that stay as they are only the names count."""
    kept = dict.fromkeys(set(channel.credentials) - set(given), "")
    return {**kept, **{name: value for name, value in given.items() if value is not None}}


def _check(fields: dict[str, Any]) -> None:
    errors = [*rules.channel_errors(fields), *_key_errors(fields["api_credentials"])]
    if errors:
        raise InvalidInput.many(errors)


def _key_errors(given: dict[str, str]) -> list[tuple[str, str]]:
    key = given.get("event_public_key")
    if not key:
        return []
    from leadflow.channels.providers.signatures import p256_key

    try:
        p256_key(key)
    except ValueError:
        return [("api_credentials.event_public_key", "is not the base64 of a public key on P-256")]
    return []


def _shown(record: Record) -> Record:
    """With the URLs that are to be set at the provider."""
    urls = rules.webhook_urls(links.public_url(), record["id"], record["provider"])
    record["webhook_url"], record["inbound_url"] = urls
    return record
