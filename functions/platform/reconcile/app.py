"""Every 15 minutes: puts work that is due and unattended back to work."""

from leadflow.entry.schedule import scheduled
from leadflow.platform import service


@scheduled
def handler() -> dict[str, int]:
    return service.reconcile()
