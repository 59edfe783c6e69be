"""What channels have to put back to work: deliveries, messages that wait to be sent, and files to be fetched."""

from __future__ import annotations

from leadflow.channels.service import inbox
from leadflow.core.observability import counted


def reconcile() -> dict[str, int]:
    """Puts back to work what nobody is at, and tells how many channels are refused; counts by what it is."""
    from leadflow.channels import store
    from leadflow.channels.service import attachments, delivering

    if refused := len(store.unhealthy_channels()):
        counted("UnhealthyChannels", refused)
    return {**inbox.reconcile(), **delivering.reconcile(), **attachments.reconcile()}
