"""Judges the opens and clicks of a campaign again, from what was kept of them, by the lists and rules of today.

Numbers follow through the stream, exactly. What was caused by the earlier judgement stays as it is: runs that began,
and what the lead's score was given; and nothing is caused by the new one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.rules import rejudging
from leadflow.campaigns.rules.rejudging import Visited
from leadflow.campaigns.service import announcing, campaigns, judging, ledger
from leadflow.campaigns.store import reclassifications as walks
from leadflow.core import clock, table
from leadflow.core.errors import InProgress
from leadflow.core.observability import logger
from leadflow.core.table import Record

_PAGE = 100


def start(campaign_id: str) -> Record:
    """Begins to judge a campaign's mails again; while that goes on, says how far it is. Raises NotFound, InProgress."""
    campaigns.load(campaign_id)
    found = walks.find_reclassification(campaign_id)
    if found is None or found.status != "running":
        try:
            found = walks.begin_reclassification(campaign_id, found)
        except table.Stale:
            raise InProgress("The campaign is just being judged again.") from None
    announcing.announce(campaign_id)
    return found.record()


def work(campaign_id: str, has_time: Callable[[], bool]) -> None:
    """Goes on with a walk, if there is one, as long as there is time; then it is announced again."""
    while (walk := walks.find_reclassification(campaign_id)) is not None and walk.status == "running":
        if not has_time():
            announcing.announce(campaign_id)
            return
        try:
            _page(walk)
        except (table.Stale, InProgress) as error:
            # Another worker was quicker, or people are at a mail just now; reconcile comes back for it.
            logger().info("reclassification left", campaign_id=campaign_id, error=type(error).__name__)
            return


def reconcile() -> dict[str, int]:
    """Announces walks that no worker is at."""
    found = walks.unattended_reclassifications()
    return {"reclassifications_announced": announcing.announce_unattended(found, walks.await_worker)}


def _page(walk: walks.Reclassification) -> None:
    """Judges the mails of one page again and writes how far that is."""
    partitions = store.partitions_of(walk.campaign_id, store.GROUPS)
    at: dict[str, Any] = walk.cursor or {"list": 0, "after": None}
    keys = table.query_keys("GSI1", partitions[int(at["list"])], after=at["after"], limit=_PAGE, newest_first=False)
    mails = list(table.find_many(store.EmailSent, [(pk, sk) for _, pk, sk in keys]))
    walk.mails = int(walk.mails) + len(mails)
    walk.changed = int(walk.changed) + sum(_judged_again(mail) for mail in mails if _had_visits(mail))
    is_last = len(keys) < _PAGE
    if is_last and int(at["list"]) + 1 == len(partitions):
        walks.end_reclassification(walk)
        return
    walk.cursor = {"list": int(at["list"]) + 1, "after": None} if is_last else {**at, "after": keys[-1][0]}
    walks.await_worker(walk)
    table.save(walk)


def _had_visits(mail: store.EmailSent) -> bool:
    return any((mail.open_count, mail.click_count, mail.machine_open_count, mail.machine_click_count))


def _judged_again(mail: store.EmailSent) -> bool:
    """Whether that changed the mail. Raises InProgress when too many are at it."""
    did_change = False

    def decide(current: store.EmailSent) -> dict[str, Any]:
        nonlocal did_change
        seen = _seen(current)
        changes = ledger.changed(current, lambda state: rejudging.rejudged(state, seen))
        did_change = bool(changes)
        return {**changes, "rejudged_at": clock.now_stamp()} if changes else {}

    store.amend(mail, decide)
    return did_change


def _seen(mail: store.EmailSent) -> list[Visited]:
    """The visits of a mail as they are judged now, each noted with its event where that is news."""
    kept = store.visits_of(mail.id)
    seen = rejudging.together([judging.visited(mail, event) for event in kept], mail.traps)
    judging.note(kept, seen)
    return seen
