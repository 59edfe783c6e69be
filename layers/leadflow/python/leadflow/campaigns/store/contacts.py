"""What every address has had of campaigns, and who is to get nothing more of the sequences they are in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from leadflow.core import table
from leadflow.core.errors import InProgress
from leadflow.core.turns import Turns

_TURNS = Turns(8, longest_pause_seconds=0.2)


class ContactedAddress(table.Item, discriminator="ContactedAddress"):
    """The campaign mails that an address had, the latest 90 days and at least the last 200.

    pk `CONTACT#email#<keyed hash of the address>`  sk `#`
    """

    contacts = JSONAttribute(default=list)


class SequenceStop(table.Item, discriminator="SequenceStop"):
    """That a lead did something at which sequences that it is in end: the latest time.

    pk `LEAD#<lead>`  sk `STOP#<reason>`
    """

    reason = UnicodeAttribute()
    at = UnicodeAttribute()


def find_contacted(marks: Iterable[str]) -> dict[str, ContactedAddress]:
    """What is on file by the marks of addresses, `email#<keyed hash>`."""
    found = table.find_many(ContactedAddress, [(f"CONTACT#{mark}", "#") for mark in marks])
    return {item.pk.removeprefix("CONTACT#"): item for item in found}


def note_contacts(mark: str, item: ContactedAddress | None, contacts: Iterable[Sequence[str]]) -> None:
    """Writes what an address had. Raises table.Stale when that has changed since it was read."""
    new = item or ContactedAddress(pk=f"CONTACT#{mark}", sk="#")
    new.contacts = [list(contact) for contact in contacts]
    table.save(new, None if item else ContactedAddress.pk.does_not_exist())


def forget_contacts(mark: str) -> bool:
    """Removes what an address had; whether there was something. Raises table.Stale when that is being changed."""
    item = find_contacted([mark]).get(mark)
    if item is not None:
        table.remove(item)
    return item is not None


def find_stops(lead_ids: Iterable[str], reasons: Iterable[str]) -> dict[str, Mapping[str, str]]:
    """By lead, when they last did what is named by each reason."""
    asked = list(reasons)
    found = table.find_many(
        SequenceStop, [(f"LEAD#{lead_id}", f"STOP#{reason}") for lead_id in lead_ids for reason in asked]
    )
    stops: dict[str, dict[str, str]] = {}
    for item in found:
        stops.setdefault(item.pk.removeprefix("LEAD#"), {})[item.reason] = item.at
    return dict(stops)


def note_stop(lead_id: str, reason: str, at: str) -> None:
    """Writes that a lead did this then, unless something later is on file. Raises InProgress when crowded out."""
    for _ in _TURNS:
        kept = table.find(SequenceStop, f"LEAD#{lead_id}", f"STOP#{reason}")
        if kept is not None and kept.at >= at:
            return
        item = kept or SequenceStop(pk=f"LEAD#{lead_id}", sk=f"STOP#{reason}", reason=reason)
        item.at = at
        with contextlib.suppress(table.Stale):
            table.save(item, None if kept else SequenceStop.pk.does_not_exist())
            return
    raise InProgress(f"What ends the sequences of lead {lead_id} is being written by many at once.")
