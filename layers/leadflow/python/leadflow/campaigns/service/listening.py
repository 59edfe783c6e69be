"""What leads do, told to the campaigns that listen for it, by the reader of changes: not in the request."""

from __future__ import annotations

from collections.abc import Collection

from leadflow.campaigns.store import listeners
from leadflow.core import table
from leadflow.core.errors import RateLimited


def heed(changed_leads: Collection[str]) -> None:
    """Lets leads that have changed join the evergreen campaigns that they fit now. Safe to repeat, in any order.

    Raises RateLimited when others were in the way all the time.
    """
    if not changed_leads:
        return
    for campaign in listeners.listening_campaigns():
        if campaign.audience_mode == "evergreen" and campaign.status in ("active", "paused"):
            from leadflow.campaigns.service import joining

            try:
                waits = joining.take_in(campaign, changed_leads)
            except table.TransactionRefused as refused:
                raise RateLimited("Others are at the same members.") from refused
            if waits:
                joining.tell(campaign.id)
