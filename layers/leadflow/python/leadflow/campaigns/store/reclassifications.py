"""How far the opens and clicks of campaigns are judged again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute

from leadflow.core import clock, due, table
from leadflow.core.settings import settings

_WAITING = "reclassification"
# What no worker has moved on for so long has lost its message.
_ATTENDED = timedelta(minutes=6)


class Reclassification(table.Item, discriminator="Reclassification"):
    """A walk over the mails of a campaign that judges their opens and clicks again.

    pk `CAMP#<campaign>`  sk `#RECLASSIFY`  GSI3 due-index, kind `reclassification`, while it runs

    `cursor` says how far it is in the lists of the campaign's mails: which list, and behind which key.
    """

    record_fields = ("campaign_id", "status", "mails", "changed", "started_at", "completed_at")

    campaign_id = UnicodeAttribute()
    status = UnicodeAttribute(default="running")
    mails = NumberAttribute(default=0)
    changed = NumberAttribute(default=0)
    started_at = UnicodeAttribute()
    completed_at = UnicodeAttribute(null=True)
    cursor = JSONAttribute(null=True)
    host_id = UnicodeAttribute(null=True)


def find_reclassification(campaign_id: str) -> Reclassification | None:
    return table.find(Reclassification, f"CAMP#{campaign_id}", "#RECLASSIFY")


def begin_reclassification(campaign_id: str, earlier: Reclassification | None) -> Reclassification:
    """A new walk in the place of one that is over. Raises table.Stale when somebody else has begun one."""
    now = clock.now_stamp()
    item = Reclassification(pk=f"CAMP#{campaign_id}", sk="#RECLASSIFY", campaign_id=campaign_id, started_at=now)
    condition = None
    if earlier is not None:
        item.v = earlier.v
    else:
        condition = Reclassification.pk.does_not_exist()
    await_worker(item)
    table.save(item, condition=condition)
    return item


def await_worker(item: Reclassification) -> None:
    """Puts a walk that is about to be written where reconcile finds it when its worker dies."""
    item.host_id = settings().host_id or None
    due.mark(item, _WAITING, clock.stamp(clock.now() + _ATTENDED), item.campaign_id)


def end_reclassification(item: Reclassification) -> None:
    """Writes that a walk is over. Raises table.Stale when another worker was quicker."""
    item.status, item.completed_at, item.cursor = "completed", clock.now_stamp(), None
    due.clear(item)
    table.save(item)


def unattended_reclassifications() -> Iterator[Reclassification]:
    return due.unattended(Reclassification, _WAITING)
