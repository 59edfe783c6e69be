"""Puts work of this wing back to work that nobody is at: mails, cohorts, runs."""

from __future__ import annotations

from leadflow.campaigns.service import cohorts, planning, sending


def reconcile() -> dict[str, int]:
    """Counts by what was found."""
    return {**sending.reconcile(), **planning.reconcile(), **cohorts.reconcile()}
