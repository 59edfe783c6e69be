"""Suppressions that end because the person said so by the channel itself, and those whose person was erased."""

from __future__ import annotations

from leadflow.campaigns import store
from leadflow.core import table
from leadflow.core.errors import InProgress
from leadflow.core.turns import Turns

_TURNS = Turns(8, longest_pause_seconds=0.2)


def lift_suppression(channel: str, address: str, reason: str) -> bool:
    """Ends the suppression of an address that is there for this very reason; False when there is none. Safe to repeat.

    Raises InProgress when too many are at it at once.
    """
    for _ in _TURNS:
        found = store.find_suppression(channel, address)
        if found is None or found.reason != reason:
            return False
        try:
            table.remove(found)
        except table.Stale:
            continue
        return True
    raise InProgress("The suppression is being changed by many requests at once.")


def forget_address(channel: str, address: str) -> int:
    """Takes an address out of its suppression, which stays in force by its keyed hash; gives how many that were.

    Raises InProgress when it is being changed.
    """
    found = store.find_suppression(channel, address)
    if found is None or found.address == store.ERASED_ADDRESS:
        return 0
    found.address = store.ERASED_ADDRESS
    try:
        table.save(found)
    except table.Stale:
        raise InProgress("The suppression is being changed; it is erased by the next try.") from None
    return 1
