"""Puts jobs of this wing back to work that nobody is at: their announcement was lost, or their worker died."""

from __future__ import annotations

from collections.abc import Iterable

from leadflow.core import table
from leadflow.leads.service import erasing, jobs, rescoring
from leadflow.leads.store import jobs as job_store


def reconcile() -> dict[str, int]:
    """Announces again what is overdue and unattended; counts what was."""
    return {
        **erasing.reconcile(),
        **rescoring.reconcile(),
        "imports_requeued": _announced(jobs.IMPORT, job_store.unattended(job_store.ImportJob)),
        "exports_requeued": _announced(jobs.EXPORT, job_store.unattended(job_store.ExportJob)),
        "exports_expiring": _announced(jobs.EXPORT, job_store.outlived_files()),
    }


def _announced(kind: str, found: Iterable[job_store.Job]) -> int:
    count = 0
    for job in found:
        try:
            job_store.attend_again(job)
        except table.Stale:
            continue
        count += jobs.announce(kind, job.id)
    return count
