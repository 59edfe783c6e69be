"""Tells of campaigns that say they run while nothing happens. An alarm watches it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from leadflow.campaigns import store
from leadflow.campaigns.store import cohorts as runs
from leadflow.core import clock
from leadflow.core.observability import counted

# Two rounds of reconcile have woken what has waited for longer.
_TOO_LONG = timedelta(minutes=30)


def tell(waiting: Iterable[runs.Cohort | runs.CampaignRun]) -> None:
    """Counts the active campaigns that have waited too long with one of these, and have settled nothing meanwhile.

    These were woken or tried before, and nothing came of it: what waits for its first look is late, not stalled.
    A large campaign has cohorts that wait for their turn all the time; it moves with the others.
    """
    before = clock.stamp(clock.now() - _TOO_LONG)
    late = {one.campaign_id for one in waiting if one.waits_since and one.waits_since < before}
    stalled = [one for one in store.find_campaigns(sorted(late)) if one.status == "active" and not _moved(one, before)]
    if stalled:
        counted("StalledCampaigns", len(stalled))


def _moved(campaign: store.EmailCampaign, since: str) -> bool:
    return any(max(one.moved_at or "", one.done_at or "") >= since for one in runs.cohorts_of(campaign.id))
