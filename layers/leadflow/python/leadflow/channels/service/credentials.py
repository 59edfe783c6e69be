"""Credentials of channels: encrypted one by one, each bound to its channel and name, decrypted only where used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from leadflow.channels.store import ChannelConfig
from leadflow.core import clock, seams, secrets

# How long a decrypted value stays in memory: a warm function asks KMS once for all sends of that time.
KEPT = timedelta(minutes=5)


@dataclass(frozen=True)
class _Decrypted:
    value: str
    until: datetime


def encrypted(channel_id: str, values: Mapping[str, str]) -> dict[str, str]:
    """The ciphertexts of a channel's credentials, by name."""
    return {name: secrets.encrypt(value, _context(channel_id, name)) for name, value in values.items()}


def credential(channel: ChannelConfig, name: str) -> str | None:
    """One credential in the clear; None when it is not set.

    It is kept by its ciphertext, so a changed credential is in force at once.
    """
    ciphertext = channel.credentials.get(name)
    if ciphertext is None:
        return None
    kept, place = seams.current(), f"credential:{ciphertext}"

    def decrypted() -> _Decrypted:
        return _Decrypted(secrets.decrypt(ciphertext, _context(channel.id, name)), clock.now() + KEPT)

    found = kept.remember(place, decrypted)
    if found.until <= clock.now():
        kept.forget(place)
        found = kept.remember(place, decrypted)
    return found.value


def _context(channel_id: str, name: str) -> dict[str, str]:
    return {"channel_id": channel_id, "field": name}
