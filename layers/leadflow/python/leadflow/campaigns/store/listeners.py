"""Which campaigns take in what leads do after the launch: who comes to fit, and who comes to the goal."""

from __future__ import annotations

from datetime import timedelta

from pynamodb.transactions import TransactWrite

from leadflow.campaigns.store.campaigns import EmailCampaign, find_campaigns
from leadflow.core import clock, table

_PK = "LISTEN"
# What leads do counts for the goal of a campaign for so long after it was completed.
GOAL_COUNTS_FOR = timedelta(days=30)


class ListeningCampaign(table.Item, discriminator="ListeningCampaign"):
    """That a campaign is to be asked about what leads do, written in one transaction with its becoming so.

    pk `LISTEN`  sk `<campaign>`

    Evergreen campaigns are, until they are completed, and campaigns with a goal, until 30 days after that.
    """


def note_listening(writes: TransactWrite, campaign: EmailCampaign) -> None:
    """Adds to a transaction that writes a campaign whether it listens from then on."""
    until = _listens_until(campaign)
    if until == "":
        forget_listening(writes, campaign.id)
        return
    kind, item = ListeningCampaign, ListeningCampaign(pk=_PK, sk=campaign.id, v=1)
    ends = kind.expires_at.set(clock.epoch_seconds(clock.parse(until))) if until else kind.expires_at.remove()
    writes.update(item, [kind.kind.set(kind), ends], add_version_condition=False)


def forget_listening(writes: TransactWrite, campaign_id: str) -> None:
    """Adds to a transaction that removes a campaign that it listens no longer."""
    writes.delete(ListeningCampaign(pk=_PK, sk=campaign_id, v=1), add_version_condition=False)


def listening_campaigns() -> list[EmailCampaign]:
    """The campaigns that listen now, read consistently."""
    now = clock.epoch_seconds(clock.now())
    found = table.query_items(ListeningCampaign, _PK, prefix="", newest_first=False)
    return find_campaigns([item.sk for item in found if item.expires_at is None or item.expires_at > now])


def _listens_until(campaign: EmailCampaign) -> str | None:
    """The RFC 3339 time until which it listens; None for as long as it runs, empty for not at all."""
    if campaign.status in ("active", "paused"):
        return None if campaign.audience_mode == "evergreen" or campaign.goal else ""
    if campaign.status == "completed" and campaign.goal and campaign.completed_at:
        return clock.stamp(clock.parse(campaign.completed_at) + GOAL_COUNTS_FOR)
    return ""
