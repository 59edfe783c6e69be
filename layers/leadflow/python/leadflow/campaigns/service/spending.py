"""Taking mails from what a campaign may send now; what was taken stands in the table, whoever restarts."""

from __future__ import annotations

from leadflow.campaigns.rules.rates import Grant, Limits, Spent, grant
from leadflow.campaigns.store import rates
from leadflow.core import clock, table
from leadflow.core.errors import RateLimited
from leadflow.core.turns import Turns

_TURNS = Turns(16, longest_pause_seconds=0.5)


def take(campaign_id: str, limits: Limits, wanted: int) -> Grant:
    """As many of the wanted mails as may go now; what was taken is not given back.

    Raises RateLimited when too many workers are at it.
    """
    if not limits.exist:
        return Grant(wanted, Spent())
    for _ in _TURNS:
        item = rates.rate_of(campaign_id)
        granted = grant(limits, _spent(item), wanted, clock.now())
        if granted.count == 0:
            return granted
        item.until = clock.stamp(granted.spent.until) if granted.spent.until else None
        item.minutes = {str(minute): count for minute, count in granted.spent.minutes.items()}
        item.day, item.on_day = granted.spent.day, granted.spent.on_day
        try:
            rates.save_rate(item)
        except table.Stale:
            continue
        return granted
    raise RateLimited("Many workers send mails of this campaign.")


def _spent(item: rates.SendRate) -> Spent:
    until = clock.parse(item.until) if item.until else None
    minutes = {int(minute): count for minute, count in item.minutes.items()}
    return Spent(until, minutes, int(item.day), int(item.on_day))
