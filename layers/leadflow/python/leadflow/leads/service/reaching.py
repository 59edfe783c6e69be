"""Many leads at once, as a campaign needs them: who they are now, and whether their address may be used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from leadflow.core.table import Record
from leadflow.leads import store


class Reached(NamedTuple):
    """A lead as people see it under an id; `holder_id` is the part of it that has the email it shows.

    What is sent there, and what comes back, belongs to that part. `is_erased`: the address is that of a person who was
    erased. `mark` stands for the address where it must not be itself, None without one. `parts` are the ids of all
    leads that it consists of.
    """

    lead: Record
    holder_id: str
    is_erased: bool
    mark: str | None
    parts: tuple[str, ...]


def reach_all(lead_ids: Iterable[str]) -> dict[str, Reached]:
    """These leads by the ids asked for, those that are gone left out; a few reads for each hundred of them."""
    found = store.find_shown(lead_ids)
    emails = {lead.email for lead in found.values() if lead.email}
    owners = store.owners_of("email", emails)
    return {lead_id: _reached(lead, owners) for lead_id, lead in found.items()}


def _reached(lead: store.Lead, owners: dict[str, store.UniqueIdentity]) -> Reached:
    if not lead.email:
        return Reached(lead.record(), lead.id, is_erased=False, mark=None, parts=tuple(lead.parts))
    owner = owners.get(lead.email)
    lent = owner is not None and owner.lead_id in lead.parts
    return Reached(
        lead.record(),
        str(owner.lead_id) if owner and lent else lead.id,
        is_erased=owner is not None and owner.erased_at is not None,
        mark=store.mark_of("email", lead.email),
        parts=tuple(lead.parts),
    )
