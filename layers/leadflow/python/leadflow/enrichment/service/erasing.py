"""What enrichment keeps about a person, removed."""

from __future__ import annotations

from leadflow.core import effects, removal
from leadflow.core.errors import InProgress
from leadflow.enrichment.service import finishing, settling
from leadflow.enrichment.store import enrichments, runs


def erase_person(lead_id: str) -> int:
    """Ends and removes a person's runs, removes enrichments, what is known by them, and files; gives how many.

    Safe to repeat. What sources and jobs have cost stays: it says nothing about anybody. Raises InProgress while a
    source is being asked about the person, table.Stale when a run has just been moved.
    """
    keys = list(removal.keys_about(lead_id, "ERN#"))
    for run in runs.find_runs(pk.removeprefix("ERN#") for pk, _ in keys):
        _end(run)
    kept = removal.remove(removal.keys_under(f"ENR#{lead_id}"))
    return removal.remove(keys) + kept + enrichments.drop_files(lead_id)


def _end(run: runs.EnrichmentRun) -> None:
    """So that its job does not wait for it, and what was reserved for a call is accounted for."""
    if run.is_over:
        return
    if effects.is_held(run.lease_until, run.host_id):
        raise InProgress("A source is being asked about this person.")
    if run.asking is not None:
        settling.settle_unknown(run)
    finishing.finish(run, "skipped", reason="lead_gone")
