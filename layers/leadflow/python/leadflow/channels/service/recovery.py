"""What channels have to put back to work: deliveries, messages that wait to be sent, and files to be fetched."""

from __future__ import annotations

from leadflow.channels.service import inbox


def reconcile() -> dict[str, int]:
    """Puts back to work what nobody is at; counts by what it is."""
    from leadflow.channels.service import attachments, delivering

    return {**inbox.reconcile(), **delivering.reconcile(), **attachments.reconcile()}
