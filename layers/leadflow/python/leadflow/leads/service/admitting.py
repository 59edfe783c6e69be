"""People who come by a channel: whom they are on file as, and leads for those who are not."""

from __future__ import annotations

from collections.abc import Mapping

from leadflow.core import table
from leadflow.leads import store
from leadflow.leads.service.rating import lately, rated
from leadflow.leads.service.writing import TURNS, crowded_out


def holder_of(addresses: Mapping[str, str]) -> str | None:
    """The id of the very lead that has one of these (`email`, `phone`), whatever it is merged into."""
    return next((owner for name, value in addresses.items() if (owner := store.owner_of_value(name, value))), None)


def admit(lead_id: str, *, name: str, source: str, addresses: Mapping[str, str]) -> str | None:
    """Makes sure that somebody with these addresses is on file; gives the id of the very lead that they are.

    That is `lead_id`, new or from an earlier try, unless another lead has one of the addresses; None for a person who
    was erased. Raises RateLimited when crowded out.
    """
    for _ in TURNS:
        owner = holder_of(addresses)
        if owner is not None:
            return owner
        if store.find_erasure(lead_id) is not None:
            return None
        lead = store.Lead(pk=f"LEAD#{lead_id}", sk="#META", id=lead_id, name=name, source=source)
        lead.email, lead.phone = addresses.get("email"), addresses.get("phone")
        rated(lead, lately())
        try:
            store.insert(lead)
        except table.AlreadyThere:
            pass
        except store.IdentityTaken as taken:
            if store.is_tombstone(taken.identity):
                return None
            continue
        except table.TransactionRefused as refused:
            if not refused.contended:
                raise
            continue
        return lead_id
    raise crowded_out(lead_id)
