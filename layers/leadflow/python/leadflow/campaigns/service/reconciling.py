"""Puts work of this wing back to work that nobody is at: mails, cohorts, runs."""

from __future__ import annotations

from leadflow.campaigns.service import batches, cohorts, planning, reclassifying, removing, sending


def reconcile() -> dict[str, int]:
    """Looks after mails, batches, campaigns, also deleted ones, and cohorts that nobody is at; counts what was done."""
    runs = {**planning.reconcile(), **reclassifying.reconcile(), **removing.reconcile()}
    return {**sending.reconcile(), **batches.reconcile(), **runs, **cohorts.reconcile()}
