"""What of a campaign's limits is used up."""

from __future__ import annotations

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute

from leadflow.campaigns.rules.rates import Grant, Limits, Spent, grant
from leadflow.core import clock, table
from leadflow.core.errors import RateLimited
from leadflow.core.turns import Turns

_TURNS = Turns(16, longest_pause_seconds=0.5)


class SendRate(table.Item, discriminator="SendRate"):
    """What a campaign that has limits has sent lately.

    pk `CAMP#<campaign>`  sk `#RATE`
    """

    until = UnicodeAttribute(null=True)
    minutes = JSONAttribute(default=dict)
    day = NumberAttribute(default=0)
    on_day = NumberAttribute(default=0)


def take_rate(campaign_id: str, limits: Limits, wanted: int) -> Grant:
    """Takes as many of the wanted mails from what the campaign may send now; what was taken is not given back.

    Raises RateLimited when too many workers are at it.
    """
    if not limits.exist:
        return Grant(wanted, Spent())
    for _ in _TURNS:
        kept = table.find(SendRate, f"CAMP#{campaign_id}", "#RATE")
        item = kept or SendRate(pk=f"CAMP#{campaign_id}", sk="#RATE")
        granted = grant(limits, _spent(item), wanted, clock.now())
        if granted.count == 0:
            return granted
        item.until = clock.stamp(granted.spent.until) if granted.spent.until else None
        item.minutes = {str(minute): count for minute, count in granted.spent.minutes.items()}
        item.day, item.on_day = granted.spent.day, granted.spent.on_day
        try:
            table.save(item, None if kept else SendRate.pk.does_not_exist())
        except table.Stale:
            continue
        return granted
    raise RateLimited("Many workers send mails of this campaign.")


def _spent(item: SendRate) -> Spent:
    until = clock.parse(item.until) if item.until else None
    minutes = {int(minute): count for minute, count in item.minutes.items()}
    return Spent(until, minutes, int(item.day), int(item.on_day))
