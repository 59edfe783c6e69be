"""The worker's messages: a run to go on with, several that ask together, or a job whose leads are to be walked."""

from __future__ import annotations

from typing import Any

from leadflow.core.errors import LeadflowError
from leadflow.enrichment.service import jobs, running, sharing


def work(message: dict[str, Any]) -> None:
    """Does what a message asks for; it may come twice, late or never. Raises RateLimited when crowded out."""
    if "job_id" in message:
        jobs.walk(str(message["job_id"]))
    elif "run_ids" in message:
        sharing.work([str(one) for one in message["run_ids"]])
    else:
        running.work(str(message["run_id"]))


def park(message: dict[str, Any], error: LeadflowError) -> None:
    """Ends a run that cannot be worked on, with the code of the error.

    Of several none is ended, since one may be to blame: reconcile gives them back to the queue one by one.
    """
    if "run_id" in message:
        running.give_up(str(message["run_id"]), error.code)
