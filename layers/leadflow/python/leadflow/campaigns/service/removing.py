"""The worker of deleted campaigns: removes what is left of one, in pages, and looks once more when all is quiet.

What is removed is gone from the next look, so whoever dies is followed by one that finds the rest; two at once do no
harm.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from itertools import islice

from leadflow.campaigns import store
from leadflow.campaigns.service import announcing
from leadflow.campaigns.store import removals
from leadflow.core import clock, parallel, removal, table

_PAGE = 500


def begin(campaign: store.EmailCampaign) -> None:
    """Deletes a campaign with its steps; the rest is the worker's. Raises table.TransactionRefused when overtaken."""
    removals.begin_removal(campaign, store.steps_of(campaign.id))
    announcing.announce(campaign.id)


def work(campaign_id: str, has_time: Callable[[], bool]) -> None:
    """Removes what is left of a campaign, if it is deleted, as long as there is time; then it is announced again."""
    found = removals.find_removal(campaign_id)
    if found is None:
        return
    count = _sweep(found, has_time)
    if count is None:
        announcing.announce(campaign_id)
        return
    is_last = clock.now_stamp() >= found.last_look_at
    # Stale: another worker has come to the end of it as well.
    with contextlib.suppress(table.Stale):
        if is_last and not count:
            table.remove(found)
            return
        (removals.await_worker if is_last else removals.await_last_look)(found)
        table.save(found)


def reconcile() -> dict[str, int]:
    """Announces removals that no worker is at, or whose last look is due."""
    found = removals.unattended_removals()
    return {"campaign_removals_announced": announcing.announce_unattended(found, removals.await_worker)}


def _sweep(found: removals.CampaignRemoval, has_time: Callable[[], bool]) -> int | None:
    """How many items there were and are removed; None when there was no time for all of them."""
    keys = (key for key in removal.keys_under(found.pk) if key[1] != found.sk)
    count = 0
    while page := list(islice(keys, _PAGE)):
        if not has_time():
            return None
        count += sum(parallel.each(lambda key: removal.remove([key]), page))
    return count
