"""Puts work of this wing back to work that nobody is at: mails, cohorts, runs."""

from __future__ import annotations

from leadflow.campaigns.service import batches, cohorts, planning, sending


def reconcile() -> dict[str, int]:
    """Looks after mails, batches, campaigns and cohorts that nobody is at; counts by what was done."""
    return {**sending.reconcile(), **batches.reconcile(), **planning.reconcile(), **cohorts.reconcile()}
