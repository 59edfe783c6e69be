"""The worker of a campaign's run: freezes its audience into cohorts, and puts back to work what rested.

A step of it is one transaction that also says how far the run is, so whoever dies is followed by one that goes on
there, and of two at the same time one finds that the other was quicker.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.rules import cohorts, sequence, states
from leadflow.campaigns.service import (
    announcing,
    completing,
    ending,
    following,
    gaps,
    joining,
    ledger,
    reclassifying,
    removing,
    stalling,
)
from leadflow.campaigns.service.members import sorted_out
from leadflow.campaigns.store import closing, gathering, waiting
from leadflow.campaigns.store import cohorts as runs
from leadflow.core import clock, effects, table
from leadflow.core.observability import logger
from leadflow.core.table import Record
from leadflow.leads import service as leads

# A cohort is filled from this many leads at most before it is written, so that not too much is done again.
_MOST_LOOKED_AT = 20_000


def work(campaign_id: str, has_time: Callable[[], bool]) -> None:
    """Goes on with a campaign's run as long as there is something to do and time; then it is announced again."""
    removing.work(campaign_id, has_time)
    reclassifying.work(campaign_id, has_time)
    while has_time():
        run, campaign = runs.find_run(campaign_id), store.find_campaign(campaign_id)
        if run is None or campaign is None:
            return
        try:
            if not _one_step(run, campaign, has_time):
                return
        except (table.Stale, table.TransactionRefused) as error:
            # Another worker was quicker, or the campaign has just been changed by somebody.
            logger().info("campaign left", campaign_id=campaign_id, error=type(error).__name__)
            return
    announcing.announce(campaign_id)


def reconcile() -> dict[str, int]:
    """Announces runs that no worker is at; each a few minutes after it was looked at last."""
    in_vain, announced = [], 0
    for run in waiting.overdue_runs():
        woken_before = run.waits_since is not None
        try:
            waiting.wake_run(run)
        except table.Stale:
            continue
        if woken_before:
            in_vain.append(run)
        announced += announcing.announce(run.campaign_id)
    stalling.tell(in_vain)
    return {"campaigns_announced": announced}


def _one_step(run: runs.CampaignRun, campaign: store.EmailCampaign, has_time: Callable[[], bool]) -> bool:
    """Whether there may be more to do at once."""
    if campaign.status == "completed":
        return completing.end_all(run, campaign, has_time)
    if campaign.status != "active":
        return False
    if run.put_back:
        _put_back(run)
        return True
    if run.opening:
        joining.open_cohort(run)
        return True
    if run.reorder:
        _reorder(run)
        return True
    is_evergreen = campaign.audience_mode == "evergreen"
    if is_evergreen and run.task != "retry" and joining.gather(run, campaign):
        return True
    if run.task == "freeze":
        (_look_over if is_evergreen else _freeze)(run, campaign, has_time)
        return True
    if run.task == "retry":
        _retry(run)
        return True
    if is_evergreen:
        return joining.go_on(run)
    ending.complete_if_done(campaign.id)
    return False


def _put_back(run: runs.CampaignRun) -> None:
    """What was parked or ended goes on, as soon as its time has come."""
    put_back = []
    for cohort in runs.cohorts_of(run.campaign_id):
        if cohort.status not in ("parked", "ended") and cohort.ended is None:
            continue
        try:
            closing.put_back(cohort)
        except table.TransactionRefused:
            continue
        put_back.append(cohort)
    runs.move_run(run, run.cursor, run.task)
    announcing.tell(cohort for cohort in put_back if cohort.status == "waiting")


def _reorder(run: runs.CampaignRun) -> None:
    """Lets those who wait go by the steps, hours and rates as they are now.

    Who waits for a step that is not their next one any more waits for the one that is; who was put off to some later
    time comes now, and is put off anew where that is still to be. Who is not reached here is when the time has come
    that they wait for. Raises table.Stale when another worker was quicker.
    """
    gathering.begin_reordering(run)
    steps = store.steps_of(run.campaign_id)
    for cohort in runs.cohorts_of(run.campaign_id):
        if cohort.status != "waiting" or effects.is_held(cohort.lease_until, cohort.host_id):
            continue
        # Refused or stale: its worker has just taken it, and sees the same.
        with contextlib.suppress(table.TransactionRefused, table.Stale):
            if following.step_of(cohort, steps) is None:
                following.take_turn(cohort, steps)
            elif cohort.is_touched and clock.parse(cohort.due_at) > clock.now():
                cohort.due_at = clock.now_stamp()
                runs.await_time(cohort)
                table.save(cohort)
                announcing.tell([cohort])


def _freeze(run: runs.CampaignRun, campaign: store.EmailCampaign, has_time: Callable[[], bool]) -> None:
    """Puts the next up to 1,000 leads of the audience into a cohort that waits for the first step."""
    steps = [one.record() for one in store.steps_of(campaign.id)]
    step = sequence.next_step(steps, None)
    found, cursor = _next_members(campaign.record(), run.cursor, has_time)
    task = "freeze" if cursor else "watch"
    if not found or step is None:
        runs.move_run(run, cursor, task)
        return
    started = str(campaign.started_at)
    run.gaps = gaps.counted(run.gaps, steps, found)
    cohort, members = runs.new_cohort(
        campaign.id,
        str(step["id"]),
        int(step["step_number"]),
        [str(lead["id"]) for lead in found],
        ("freeze", str(run.turn)),
        due_at=sequence.due_at(step, clock.parse(started)),
        joined_at=started,
        since=started,
    )
    gathering.add_cohort(run, cohort, members, cursor, task, joins=True)
    announcing.tell_in_time(cohort)


def _look_over(run: runs.CampaignRun, campaign: store.EmailCampaign, has_time: Callable[[], bool]) -> None:
    """Lets the next up to 1,000 leads of the audience of an evergreen campaign join."""
    found, cursor = _next_members(campaign.record(), run.cursor, has_time)
    joining.take_in(campaign, leads.reach_all(str(lead["id"]) for lead in found).values())
    runs.move_run(run, cursor, "freeze" if cursor else "watch")


def _next_members(
    campaign: Record, cursor: str | None, has_time: Callable[[], bool]
) -> tuple[list[Mapping[str, Any]], str | None]:
    """Who of the next leads belongs to the audience, and where the list goes on."""
    found: list[Mapping[str, Any]] = []
    looked_at = 0
    while True:
        page = leads.page(limit=cohorts.MAX_MEMBERS - len(found), cursor=cursor)
        found += sorted_out(campaign, page["items"], clock.now())[0]
        looked_at += len(page["items"])
        cursor = page["next_cursor"]
        is_full = len(found) > cohorts.MAX_MEMBERS // 2
        if cursor is None or is_full or looked_at >= _MOST_LOOKED_AT or not has_time():
            return found, cursor


def _retry(run: runs.CampaignRun) -> None:
    """Lets members of the next cohort come to its step again, whose mail the provider refused."""
    cohort = next((one for one in runs.cohorts_of(run.campaign_id) if one.sk > (run.cursor or "")), None)
    if cohort is None:
        runs.move_run(run, None, "watch")
        return
    lead_ids = [] if cohort.again else _refused(cohort)
    if not lead_ids:
        runs.move_run(run, cohort.sk, "retry")
        return
    again, members = runs.new_cohort(
        cohort.campaign_id,
        cohort.step_id,
        int(cohort.step_number),
        lead_ids,
        ("again", cohort.id, str(run.turn)),
        due_at=clock.now(),
        joined_at=cohort.joined_at,
        after=int(cohort.after_number),
        since=cohort.since,
    )
    again.again = again.is_touched = True
    gathering.add_cohort(run, again, members, cohort.sk, "retry", joins=False)
    announcing.tell_in_time(again)


def _refused(cohort: runs.Cohort) -> list[str]:
    """Members whose mail may go out again: the provider refused it, and it was written at all.

    Of a cohort that is not done, those that it is past.
    """
    members = runs.members_of(cohort).lead_ids
    past = members if cohort.status == "done" else members[: int(cohort.position)]
    by_mail = {store.mail_of(cohort.campaign_id, cohort.step_id, lead_id): lead_id for lead_id in past}
    found = [mail for mail in store.find_mails(list(by_mail)) if ledger.changed(mail, states.renewed)]
    return [by_mail[mail.id] for mail in found if store.words_of(mail.kept) is not None]
