"""What of a campaign's limits is used up."""

from __future__ import annotations

from pynamodb.attributes import JSONAttribute

from leadflow.campaigns.rules import pacing
from leadflow.campaigns.rules.pacing import Grant
from leadflow.campaigns.store.campaigns import EmailCampaign
from leadflow.core import clock, table
from leadflow.core.errors import RateLimited
from leadflow.core.turns import Turns

_TURNS = Turns(16, longest_pause_seconds=0.5)


class SendRate(table.Item, discriminator="SendRate"):
    """What a campaign that has limits has used of those in force, by the name of their window.

    pk `CAMP#<campaign>`  sk `#RATE`
    """

    used = JSONAttribute(default=dict)


def take(campaign: EmailCampaign, wanted: int) -> Grant:
    """Takes as many of the wanted mails from what the campaign may send now; what was taken is not given back.

    Raises RateLimited when too many workers are at it.
    """
    in_force = pacing.limits(campaign.record(), clock.now())
    if not in_force:
        return Grant(wanted, None)
    for _ in _TURNS:
        kept = table.find(SendRate, campaign.pk, "#RATE")
        used: dict[str, int] = kept.used if kept else {}
        grant = pacing.granted(wanted, in_force, used)
        if grant.count == 0:
            return grant
        item = kept or SendRate(pk=campaign.pk, sk="#RATE")
        item.used = {limit.window: used.get(limit.window, 0) + grant.count for limit in in_force}
        try:
            table.save(item, None if kept else SendRate.pk.does_not_exist())
        except table.Stale:
            continue
        return grant
    raise RateLimited("Many workers send mails of this campaign.")
