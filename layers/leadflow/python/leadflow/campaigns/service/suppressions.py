"""Addresses nothing may be sent to any more."""

from __future__ import annotations

from leadflow.campaigns import rules, store
from leadflow.core import table
from leadflow.core.errors import RateLimited
from leadflow.leads import service as leads

_ATTEMPTS = 8


def is_suppressed(channel: str, address: str) -> str | None:
    """Why nothing may be sent to this address on this channel; None when it may. Read consistently."""
    found = store.find_suppression(channel, address)
    return None if found is None else found.reason


def suppress(channel: str, address: str, reason: str, source: str | None = None) -> None:
    """Puts an address out of reach of a channel; safe to repeat.

    A reason that weighs more replaces the one on file: who unsubscribed stays so when a bounce is forgiven.
    `source` is the id of what led to it. Of a person who was erased the address itself is not written down.
    """
    for _ in range(_ATTEMPTS):
        found = store.find_suppression(channel, address)
        try:
            if found is None:
                shown = channel != "email" or not leads.is_erased(address)
                table.create(store.new_suppression(channel, address, reason, source, shown=shown))
            elif rules.outweighs(reason, found.reason):
                found.reason, found.source = reason, source
                table.save(found)
        except (table.AlreadyThere, table.Stale):
            continue
        return
    raise RateLimited("The suppression is being changed by many requests at once.")
