"""Campaigns that are deleted: what is left of them goes in pages, by a worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from pynamodb.attributes import UnicodeAttribute
from pynamodb.transactions import TransactWrite

from leadflow.campaigns.store import cohorts as runs
from leadflow.campaigns.store.campaigns import EmailCampaign, EmailSequenceStep
from leadflow.campaigns.store.commits import committed
from leadflow.campaigns.store.listeners import forget_listening
from leadflow.core import clock, due, table

REMOVAL = "campaign_removal"
# How long a removal may be without its worker.
_PATIENCE = timedelta(minutes=3)
# Every function that was at the campaign when it was deleted has ended by then.
LAST_LOOK_AFTER = timedelta(minutes=10)


class CampaignRemoval(table.Item, discriminator="CampaignRemoval"):
    """That a campaign is deleted and what is left of it is to go.

    pk `CAMP#<campaign>`  sk `#REMOVE`  GSI3 due-index of kind `campaign_removal`

    Once nothing is left it waits for `last_look_at`, when what a worker wrote that was at the campaign goes as well.
    """

    campaign_id = UnicodeAttribute()
    last_look_at = UnicodeAttribute()


def begin_removal(campaign: EmailCampaign, steps: Sequence[EmailSequenceStep]) -> None:
    """Deletes a campaign with its steps, and writes that the rest is to go.

    Raises table.TransactionRefused when one of them was overtaken.
    """
    item = CampaignRemoval(pk=campaign.pk, sk="#REMOVE", campaign_id=campaign.id)
    item.last_look_at = clock.stamp(clock.now() + LAST_LOOK_AFTER)
    await_worker(item)

    def fill(writes: TransactWrite) -> None:
        forget_listening(writes, campaign.id)
        for gone in (campaign, *steps):
            writes.delete(gone)
        item.touch()
        writes.save(item)

    committed(fill)


def find_removal(campaign_id: str) -> CampaignRemoval | None:
    return table.find(CampaignRemoval, f"CAMP#{campaign_id}", "#REMOVE")


def await_worker(item: CampaignRemoval) -> None:
    """Puts a removal that is about to be written into the due-index: overdue when no worker takes it up."""
    due.mark(item, REMOVAL, clock.stamp(clock.now() + runs.scaled(_PATIENCE)), item.campaign_id)


def await_last_look(item: CampaignRemoval) -> None:
    """Puts a removal that is about to be written into the due-index: due when it is looked at for the last time."""
    due.mark(item, REMOVAL, item.last_look_at, item.campaign_id)


def unattended_removals() -> Iterator[CampaignRemoval]:
    """Removals that no worker is at, or whose last look is due."""
    return due.overdue(CampaignRemoval, REMOVAL, clock.now_stamp())
