"""What of the campaigns wing waits and nobody is at."""

from __future__ import annotations

from leadflow.campaigns.service import batches, sending


def reconcile() -> dict[str, int]:
    """Looks after mails and batches whose worker died; counts by what was done. Sends nothing."""
    return {**sending.reconcile(), **batches.reconcile()}
