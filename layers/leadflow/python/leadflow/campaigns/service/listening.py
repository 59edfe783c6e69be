"""What leads do, told to the campaigns that listen for it, by the reader of changes: not in the request."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from leadflow.campaigns.rules import goals as rules
from leadflow.campaigns.store import listeners
from leadflow.core import table
from leadflow.core.errors import RateLimited
from leadflow.leads import service as leads

if TYPE_CHECKING:
    from leadflow.campaigns.store import EmailCampaign
    from leadflow.core.events import DomainEvent
    from leadflow.leads.service import Reached


def heed(changed_leads: Collection[str], events: Sequence[DomainEvent]) -> None:
    """Lets leads that have changed join the evergreen campaigns that they fit now, and counts who came to a goal.

    Safe to repeat, in any order. Raises RateLimited when others were in the way all the time.
    """
    happened = [event for event in events if event.lead_id and rules.may_count(event.event_type, event.data)]
    if not changed_leads and not happened:
        return
    campaigns = listeners.listening_campaigns()
    if not campaigns:
        return
    reached = leads.reach_all([*changed_leads, *(str(event.lead_id) for event in happened)])
    changed = {lead_id: reached[lead_id] for lead_id in changed_leads if lead_id in reached}
    for campaign in campaigns:
        _take_in(campaign, changed)
        if campaign.goal is not None:
            from leadflow.campaigns.service import goals

            goals.heed(campaign, changed.values(), happened, reached)


def _take_in(campaign: EmailCampaign, changed: Mapping[str, Reached]) -> None:
    if not changed or campaign.audience_mode != "evergreen" or campaign.status not in ("active", "paused"):
        return
    from leadflow.campaigns.service import joining

    try:
        waits = joining.take_in(campaign, changed.values())
    except table.TransactionRefused as refused:
        raise RateLimited("Others are at the same members.") from refused
    if waits:
        joining.tell(campaign.id)
