"""Addresses nothing may be sent to."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from leadflow.core import clock, ids, listing, table
from leadflow.core.secrets import keyed_hash

# What a suppression shows of the address of a person who was erased.
ERASED_ADDRESS = "erased"
_ENDED_KEPT = timedelta(days=1)


class Suppression(table.Item, discriminator="Suppression"):
    """An address nothing may be sent to on a channel.

    pk `SUP#<channel>#<keyed hash of the address>`  sk `#`  GSI1 `SUPS` / `<created_at>#<id>`

    One that was taken back by the person is over since `ended_at`: it holds no address, is in no list, and expires.
    """

    record_fields = ("id", "channel", "address", "reason", "source", "created_at", "updated_at")

    id = UnicodeAttribute()
    channel = UnicodeAttribute()
    address = UnicodeAttribute()
    reason = UnicodeAttribute()
    source = UnicodeAttribute(null=True)
    ended_at = UnicodeAttribute(null=True)


def find_suppression(channel: str, address: str) -> Suppression | None:
    return _in_force(table.find(Suppression, _suppression_key(channel, address), "#"))


def suppressed_among(channel: str, addresses: Iterable[str]) -> dict[str, str]:
    """Those of these addresses nothing may be sent to, with the reason."""
    keys = {address: _suppression_key(channel, address) for address in addresses}
    items = table.find_many(Suppression, [(key, "#") for key in keys.values()])
    found = {item.pk: item.reason for item in items if item.ended_at is None}
    return {address: found[key] for address, key in keys.items() if key in found}


def suppression_of(mark: str) -> Suppression | None:
    """The suppression of an address that is known by its mark alone, `<channel>#<keyed hash>`."""
    return _in_force(table.find(Suppression, f"SUP#{mark}", "#"))


def mark_in(suppression: Suppression) -> str:
    """The mark of its address."""
    return str(suppression.pk).removeprefix("SUP#")


def suppression_by_id(suppression_id: str) -> Suppression | None:
    """The suppression of this id; its place in the list follows from it."""
    try:
        made_at = clock.stamp(ids.moment_of(suppression_id))
    except ValueError:
        return None
    keys = table.query_keys("GSI1", "SUPS", prefix=f"{made_at}#{suppression_id}", limit=1)
    return _in_force(table.find(Suppression, *keys[0][1:])) if keys else None


def page_of_suppressions(limit: int, cursor: str | None, *, channel: str | None, reason: str | None) -> dict[str, Any]:
    """Suppressions, newest first, of a channel, for a reason, or both."""
    return listing.page(
        Suppression,
        "GSI1",
        ["SUPS"],
        limit=limit,
        cursor=cursor,
        listing=f"suppressions/{channel}/{reason}",
        keep=lambda found: (
            found.ended_at is None and channel in (None, found.channel) and reason in (None, found.reason)
        ),
    )


def new_suppression(channel: str, address: str, reason: str, source: str | None, *, shown: bool = True) -> Suppression:
    """A suppression that is not written yet; with `shown` false it does not hold the address itself."""
    now = clock.now()
    key = _suppression_key(channel, address)
    address = address if shown else ERASED_ADDRESS
    suppression_id, stamp = ids.derived_id(now, key), clock.stamp(now)
    item = Suppression(
        pk=key, sk="#", id=suppression_id, channel=channel, address=address, reason=reason, source=source
    )
    item.created_at, item.gsi1pk, item.gsi1sk = stamp, "SUPS", f"{stamp}#{suppression_id}"
    return item


def put_suppression(item: Suppression) -> Suppression:
    """Writes a new suppression, also in the place of one that is over, and gives the one in force.

    Raises table.AlreadyThere or table.Stale when there is another by now.
    """
    try:
        return table.create(item)
    except table.AlreadyThere:
        ended = table.find(Suppression, item.pk, "#")
        if ended is None or ended.ended_at is None:
            raise
        item.v = ended.v
        table.save(item)
        return item


def end_suppression(item: Suppression) -> None:
    """Ends a suppression that its person took back; public doors delete nothing. Raises table.Stale when it changed."""
    now, kind = clock.now(), Suppression
    table.change(
        item,
        [
            kind.ended_at.set(clock.stamp(now)),
            kind.address.set(ERASED_ADDRESS),
            kind.expires_at.set(clock.epoch_seconds(now + _ENDED_KEPT)),
            kind.gsi1pk.remove(),
            kind.gsi1sk.remove(),
        ],
    )


def _in_force(item: Suppression | None) -> Suppression | None:
    return item if item is not None and item.ended_at is None else None


def _suppression_key(channel: str, address: str) -> str:
    same = unicodedata.normalize("NFC", address.strip().lower())
    return f"SUP#{channel}#{keyed_hash('identity', channel, same)}"
