"""What of a campaign's limits is used up."""

from __future__ import annotations

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute

from leadflow.core import table


class SendRate(table.Item, discriminator="SendRate"):
    """What a campaign that has limits has sent lately.

    pk `CAMP#<campaign>`  sk `#RATE`
    """

    until = UnicodeAttribute(null=True)
    minutes = JSONAttribute(default=dict)
    day = NumberAttribute(default=0)
    on_day = NumberAttribute(default=0)


def rate_of(campaign_id: str) -> SendRate:
    """What is spent, or a new item where nothing is."""
    key = f"CAMP#{campaign_id}"
    return table.find(SendRate, key, "#RATE") or SendRate(pk=key, sk="#RATE")


def save_rate(item: SendRate) -> None:
    """Raises table.Stale when others have spent something since it was read."""
    table.save(item)
