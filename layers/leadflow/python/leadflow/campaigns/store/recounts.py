"""When campaigns were last counted anew."""

from __future__ import annotations

from collections.abc import Sequence

from pynamodb.attributes import UnicodeAttribute

from leadflow.core import clock, table


class Recount(table.Item, discriminator="Recount"):
    """That a campaign's totals were compared with its mails.

    pk `CAMP#<campaign>`  sk `#RECOUNT`
    """

    at = UnicodeAttribute()


def last_recounts(campaign_ids: Sequence[str]) -> dict[str, str]:
    """When each of these campaigns was last counted anew, of those that ever were."""
    found = table.find_many(Recount, [(f"CAMP#{campaign_id}", "#RECOUNT") for campaign_id in campaign_ids])
    return {item.pk.removeprefix("CAMP#"): item.at for item in found}


def note_recount(campaign_id: str) -> None:
    """Writes that a campaign was counted anew now; who was quicker has written the same."""
    item = table.find(Recount, f"CAMP#{campaign_id}", "#RECOUNT")
    item = item or Recount(pk=f"CAMP#{campaign_id}", sk="#RECOUNT")
    item.at = clock.now_stamp()
    try:
        table.save(item)
    except table.Stale:
        return
