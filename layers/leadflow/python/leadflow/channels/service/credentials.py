"""Credentials of channels: encrypted one by one, each bound to its channel and name, decrypted only where used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from leadflow.channels.enums import VERIFYING_CREDENTIALS
from leadflow.channels.store import ChannelConfig
from leadflow.core import clock, secrets
from leadflow.core.keeping import kept_for

# How long a decrypted value stays in memory: a warm function asks KMS once for all sends of that time.
KEPT = timedelta(minutes=5)
_MOST_RETIRED = 3


def encrypted(channel_id: str, values: Mapping[str, str]) -> dict[str, str]:
    """The ciphertexts of a channel's credentials, by name."""
    return {name: secrets.encrypt(value, _context(channel_id, name)) for name, value in values.items()}


def credential(channel: ChannelConfig, name: str) -> str | None:
    """One credential in the clear; None when it is not set.

    It is kept by its ciphertext, so a changed credential is in force at once.
    """
    ciphertext = channel.credentials.get(name)
    return None if ciphertext is None else _in_the_clear(channel, name, ciphertext)


def accepted(channel: ChannelConfig, name: str) -> list[str]:
    """What a credential may be to verify by it: its value, and those it replaced whose time is not over."""
    now = clock.now_stamp()
    retired = [one["ciphertext"] for one in (channel.retired or {}).get(name, []) if one["until"] > now]
    current = channel.credentials.get(name)
    return [_in_the_clear(channel, name, ciphertext) for ciphertext in ([current] if current else []) + retired]


def rotate(channel: ChannelConfig, values: Mapping[str, str | None], grace: timedelta) -> None:
    """Puts credentials in the place of others, in the item alone; None takes one away.

    What others sign with is good for the `grace` longer, the last few of it. What we show to others is gone at once.
    """
    until = clock.stamp(clock.now() + grace)
    credentials, retired = dict(channel.credentials), dict(channel.retired or {})
    for name, value in values.items():
        former = credentials.pop(name, None)
        if value is not None:
            credentials[name] = secrets.encrypt(value, _context(channel.id, name))
        kept = [one for one in retired.get(name, []) if grace and one["until"] > clock.now_stamp()]
        if former and value is not None and grace and name in VERIFYING_CREDENTIALS:
            kept = [{"ciphertext": former, "until": until}, *kept][:_MOST_RETIRED]
        retired[name] = kept
    channel.credentials = credentials
    channel.retired = {name: kept for name, kept in retired.items() if kept} or None


def _in_the_clear(channel: ChannelConfig, name: str, ciphertext: str) -> str:
    def decrypted() -> str:
        return secrets.decrypt(ciphertext, _context(channel.id, name))

    return kept_for(KEPT, f"credential:{ciphertext}", decrypted)


def _context(channel_id: str, name: str) -> dict[str, str]:
    return {"channel_id": channel_id, "field": name}
