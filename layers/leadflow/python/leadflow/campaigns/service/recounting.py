"""Counting a campaign anew from its mails, to prove the totals that the stream keeps, and to mend them.

What the stream never brought is counted by the same marks, so nothing is counted twice. After that the totals must be
what the mails add up to. They are compared while nothing moves: twice the same difference between two looks at totals
that stood still is a total that is wrong, and is put right.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from leadflow.campaigns import store
from leadflow.campaigns.store import cohorts, tallies
from leadflow.core import clock, table, totals
from leadflow.core.observability import logger

# The function has 15 minutes; what it does not come to is first on the next night.
_SECONDS = 780
_PAGE = 100
_LOOKS = 4
# A campaign that has been over for longer gets no reports any more.
_STILL_MOVING = timedelta(days=30)


def recount() -> dict[str, int]:
    """Counts the campaigns anew that had mails lately, those first that were not counted for longest."""
    counts = {"campaigns": 0, "mails_missed": 0, "totals_mended": 0, "busy": 0}
    began = time.monotonic()
    for campaign_id in _in_turn():
        if time.monotonic() - began > _SECONDS:
            break
        missed, mended = recount_campaign(campaign_id)
        counts["campaigns"] += 1
        counts["mails_missed"] += missed
        counts["totals_mended"] += mended or 0
        counts["busy"] += mended is None
        store.note_recount(campaign_id)
    return counts


def recount_campaign(campaign_id: str) -> tuple[int, int | None]:
    """How many mails the stream had not brought, and how many totals were wrong; None when they never stood still."""
    owner = tallies.campaign_owner(campaign_id)
    missed, seen_before = 0, None
    for _ in range(_LOOKS):
        before = totals.read(owner)
        news, counted = _counted(campaign_id, owner)
        missed += news
        if totals.read(owner) != before:
            seen_before = None
            continue
        names = {*before, *counted}
        wrong = {name: counted[name] for name in names if before.get(name, 0) != counted[name]}
        if not wrong:
            return missed, 0
        if wrong == seen_before:
            logger().error("campaign totals were wrong", campaign_id=campaign_id, totals=sorted(wrong))
            return missed, sum(totals.correct(owner, name, before.get(name, 0), wrong[name]) for name in wrong)
        seen_before = wrong
    return missed, None


def _counted(campaign_id: str, owner: str) -> tuple[int, Counter[str]]:
    """How many items were not counted yet, and what all of them add up to."""
    news, together = 0, Counter[str]()
    for items in _items(campaign_id):
        news += totals.keep_up([totals.move_of(item) for item in items])
        for item in items:
            together.update(item.adds_to().get(owner, {}))
    for keys in _pages(store.partitions_of(campaign_id, ("erased",))):
        for mark in totals.marks_of(keys):
            together.update({name: number for (whose, name), number in mark.lines.items() if whose == owner})
    return news, together


def _items(campaign_id: str) -> Iterator[list[table.Item]]:
    """All that counts for a campaign, in pages; a mail whose person is being erased may be missing."""
    for keys in _pages(store.partitions_of(campaign_id, store.GROUPS)):
        yield list(table.find_many(store.EmailSent, keys))
    noted: list[table.Item] = [*store.noted_members(campaign_id), *_ended_cohorts(campaign_id)]
    for first in range(0, len(noted), _PAGE):
        yield noted[first : first + _PAGE]


def _ended_cohorts(campaign_id: str) -> list[cohorts.Cohort]:
    return [cohort for cohort in cohorts.cohorts_of(campaign_id) if cohort.ended]


def _pages(partitions: list[str]) -> Iterator[list[tuple[str, str]]]:
    for partition in partitions:
        after: str | None = None
        while True:
            keys = table.query_keys("GSI1", partition, after=after, limit=_PAGE, newest_first=False)
            if keys:
                yield [(pk, sk) for _, pk, sk in keys]
            if len(keys) < _PAGE:
                break
            after = keys[-1][0]


def _in_turn() -> list[str]:
    """Campaigns that may have moved lately, the longest uncounted first."""
    since = clock.stamp(clock.now() - _STILL_MOVING)
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = store.page_of_campaigns(_PAGE, cursor, None)
        found += [one["id"] for one in page["items"] if _moves(one, since)]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    last = store.last_recounts(found)
    return sorted(found, key=lambda campaign_id: last.get(campaign_id, ""))


def _moves(campaign: table.Record, since: str) -> bool:
    return campaign["started_at"] is not None and (campaign["completed_at"] is None or campaign["completed_at"] > since)
