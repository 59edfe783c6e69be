"""Exports that are too large for an answer, without the leads that would take."""

from __future__ import annotations

from leadflow.core import ids
from leadflow.leads.service import jobs
from leadflow.leads.store import jobs as store
from tests.functional.leads.people import added


def begun(leads: int, **filters: str) -> str:
    """An export as GET /leads/export begins it, of this many leads."""
    for number in range(leads):
        added(f"p{number}@example.com", name=f"Person {number}")
    job = store.new_export(ids.new_id(), filters)
    jobs.announce(jobs.EXPORT, job.id)
    return str(job.id)
