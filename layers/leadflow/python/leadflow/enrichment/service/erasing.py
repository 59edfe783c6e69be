"""What enrichment keeps about a person, removed."""

from __future__ import annotations

from leadflow.core import removal
from leadflow.enrichment.store import enrichments


def erase_person(lead_id: str) -> int:
    """Removes a person's runs, enrichments, what is known by them, and files; gives how many things that were.

    Safe to repeat. What sources and jobs have cost stays: it says nothing about anybody.
    """
    runs = removal.remove(removal.keys_about(lead_id, "ERN#"))
    kept = removal.remove(removal.keys_under(f"ENR#{lead_id}"))
    return runs + kept + enrichments.drop_files(lead_id)
