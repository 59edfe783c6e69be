"""Addresses nothing may be sent to any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leadflow.campaigns import rules, store
from leadflow.campaigns.enums import SUPPRESSION_CHANNELS
from leadflow.core import table
from leadflow.core.errors import Conflict, MalformedRequest, NotFound, PreconditionFailed, RateLimited
from leadflow.core.table import Record
from leadflow.leads import service as leads

if TYPE_CHECKING:
    from leadflow.campaigns.schema import SuppressionCreate

_ATTEMPTS = 8


def add_suppression(body: SuppressionCreate) -> Record:
    """The suppression of an address that is in force then: a reason on file that weighs more stays.

    Raises RateLimited under a crowd of requests.
    """
    suppression = suppress(body.channel, body.address, body.reason, body.source)
    record = suppression.record()
    record.about = store.mark_in(suppression)
    return record


def list_suppressions(
    limit: int, cursor: str | None, *, channel: str | None, reason: str | None, address: str | None
) -> dict[str, Any]:
    """Suppressions, newest first; those of one address on all channels, which has no second page.

    Raises MalformedRequest for a cursor that is not of this list.
    """
    if address is None:
        return store.page_of_suppressions(limit, cursor, channel=channel, reason=reason)
    if cursor is not None:
        raise MalformedRequest("cursor: not a cursor of this list")
    from leadflow.campaigns.schema.suppressions import as_on_file

    asked = [channel] if channel else SUPPRESSION_CHANNELS
    found = [item for one in asked if (item := store.find_suppression(one, as_on_file(one, address))) is not None]
    return {"items": [item.record() for item in found if reason in (None, item.reason)], "next_cursor": None}


def remove_suppression(suppression_id: str, if_match: int | None) -> None:
    """Lets the address have mail again. The lead's own consent is another matter, and stays as it is.

    Raises NotFound, PreconditionFailed, Conflict for the address of a person who was erased.
    """
    for _ in range(_ATTEMPTS):
        found = store.suppression_by_id(suppression_id)
        if found is None:
            raise NotFound("suppression", suppression_id)
        if if_match is not None and found.v != if_match:
            raise PreconditionFailed(f"Suppression {suppression_id} is at another version; read it again.")
        if found.address == store.ERASED_ADDRESS:
            raise Conflict("The address belongs to a person who was erased.", suppression_id)
        try:
            return table.remove(found)
        except table.Stale:
            continue
    raise _crowded()


def is_suppressed(channel: str, address: str) -> str | None:
    """Why nothing may be sent to this address on this channel; None when it may. Read consistently."""
    found = store.find_suppression(channel, address)
    return None if found is None else found.reason


def suppress(channel: str, address: str, reason: str, source: str | None = None) -> store.Suppression:
    """Puts an address out of reach of a channel; safe to repeat.

    A reason that weighs more replaces the one on file: who unsubscribed stays so when a bounce is forgiven.
    `source` is the id of what led to it. Of a person who was erased the address itself is not written down.
    """
    for _ in range(_ATTEMPTS):
        found = store.find_suppression(channel, address)
        try:
            if found is None:
                shown = channel != "email" or not leads.is_erased(address)
                return store.put_suppression(store.new_suppression(channel, address, reason, source, shown=shown))
            if rules.outweighs(reason, found.reason):
                found.reason, found.source = reason, source
                table.save(found)
        except (table.AlreadyThere, table.Stale):
            continue
        return found
    raise _crowded()


def _crowded() -> RateLimited:
    return RateLimited("The suppression is being changed by many requests at once.")
