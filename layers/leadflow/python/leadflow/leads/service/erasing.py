"""Erasing a person: at once for every reader, and then, by a worker, for good.

The request deletes the lead and leaves tombstones of its email and phone. The worker removes what the wings keep about
the person, as often as it takes until a pass finds nothing; every step may be done again. What was under way when the
erasure began may still write for a moment, so the worker looks once more when all of that must have ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from leadflow.core import removal, table
from leadflow.core.errors import InProgress, NotFound, PreconditionFailed
from leadflow.core.table import Record
from leadflow.core.turns import Turns
from leadflow.leads import store
from leadflow.leads.service import exporting, jobs
from leadflow.leads.service.writing import TURNS, crowded_out

# Who keeps something about people. Each has `erase_person(lead_id)`: it removes what is left and says how many items
# that were; it is safe to repeat and may die on any line. Runs come first, since they make what the others remove.
WINGS = (
    ("workflows", "leadflow.workflows.service.erasing"),
    ("enrichment", "leadflow.enrichment.service.erasing"),
    ("activities", "leadflow.activities.service.erasing"),
    ("campaigns", "leadflow.campaigns.service.erasing"),
    ("channels", "leadflow.channels.service.erasing"),
)
_PASSES = Turns(5, longest_pause_seconds=1)


def erase(lead_id: str, if_match: int | None) -> Record:
    """Deletes a lead with all that is merged with it, and begins to erase all that is kept about the person.

    Asked again, by the id of any part, gives the same erasure.

    Raises NotFound, PreconditionFailed when `if_match` is not the lead's version, RateLimited when crowded out.
    """
    for _ in TURNS:
        lead = store.find_lead(lead_id)
        if lead is None:
            return _begun_before(lead_id)
        if if_match is not None and lead.v != if_match:
            raise PreconditionFailed(f"Lead {lead_id} is at another version; read it again.")
        parts = [lead, *store.find_parts(lead.parts[1:])]
        if len(parts) != len(lead.parts):
            continue
        try:
            erasure = store.erase(parts, store.merged_at_any_time_with(lead.parts))
        except table.Stale:
            continue
        except table.TransactionRefused as refused:
            if not refused.contended:
                raise
            continue
        jobs.announce(jobs.ERASURE, erasure.id)
        return erasure.record()
    raise crowded_out(lead_id)


def get_erasure(erasure_id: str) -> Record:
    """How far an erasure is. Raises NotFound."""
    found = store.find_erasure(erasure_id)
    if found is None:
        raise NotFound("erasure", erasure_id)
    return found.record()


def is_erased(email: str) -> bool:
    """Whether this address belonged to a person who was erased, so that nothing may be kept or sent under it."""
    return store.is_erased_value("email", email)


def was_erased(lead_id: str) -> bool:
    """Whether there was a lead of this id that was erased."""
    return store.find_erasure(lead_id) is not None


def erasure_marks(lead_id: str) -> frozenset[str]:
    """What stands for the addresses of an erased person, as `mark_of` makes it; empty once all is done."""
    erasure = store.find_erasure(lead_id)
    return frozenset(erasure.marks if erasure else ())


def mark_of(channel: str, address: str) -> str:
    """What stands for an address on a channel: `<channel>#<keyed hash>`."""
    return store.mark_of(channel, address)


def erase_person(erasure_id: str) -> None:
    """The worker: removes all that is left of a person.

    Raises NotFound when there is no such erasure, InProgress when others are still at what is to go.
    """
    for _ in _PASSES:
        erasure = store.find_erasure(erasure_id)
        if erasure is None:
            raise NotFound("erasure", erasure_id)
        if not erasure.gsi3pk:
            return
        try:
            parts = erasure.parts or [erasure.lead_id]
            deleted = {name: sum(map(import_module(home).erase_person, parts)) for name, home in WINGS}
            # Asked again, as the index may have been behind when the erasure began.
            _forget_answers({*erasure.related, *store.merged_at_any_time_with(parts), *erasure.marks})
            deleted["leads"] = sum(map(_erase_own, parts))
            deleted["leads"] += exporting.end_before(str(erasure.created_at))
            store.note_pass(erasure, deleted)
        except (InProgress, table.Stale):
            # Somebody has just changed what was to go, or a message that came twice has a worker of its own.
            continue
        if not any(deleted.values()):
            return
    raise InProgress(f"Erasure {erasure_id} is not done yet.")


def reconcile() -> dict[str, int]:
    """Announces erasures again whose worker died, or whose time for the last look has come."""
    requeued = 0
    for erasure in store.unattended_erasures():
        try:
            store.attend_again(erasure)
        except table.Stale:
            continue
        requeued += jobs.announce(jobs.ERASURE, erasure.id)
    return {"erasures_requeued": requeued}


def _begun_before(lead_id: str) -> Record:
    """The erasure of a lead that is gone. Raises NotFound when there never was such a lead."""
    found = store.find_erasure(lead_id)
    if found is None:
        raise NotFound("lead", lead_id)
    return found.record()


def _erase_own(lead_id: str) -> int:
    """The lead's signals, changes of status and merges, and the kept answers to requests about it."""
    history = removal.remove(removal.keys_under(f"LEAD#{lead_id}"))
    merges = removal.remove(removal.keys_about(lead_id, "MRG#"))
    return history + merges + removal.remove(removal.keys_about(lead_id, "IDEM#"))


def _forget_answers(about: Iterable[str]) -> None:
    """Kept answers about these leads and marks of addresses.

    Those of leads that were once one with the erased ones show the values of both.
    """
    for one in about:
        removal.remove(removal.keys_about(one, "IDEM#"))
