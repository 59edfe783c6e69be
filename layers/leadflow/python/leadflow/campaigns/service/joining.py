"""Evergreen campaigns: who comes to fit after the launch joins once, and comes to the first step in a cohort.

A lead joins by claims in the table (its id, its address) with a place on the list of newcomers, whatever event says so
and however often. A minute after the first of them the campaign's worker puts all who are on the list into a cohort,
and takes them off it before anybody may send to the cohort. So whoever dies is followed by one that goes on there, and
nobody is in two cohorts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from leadflow.campaigns import store
from leadflow.campaigns.rules import cohorts, sequence
from leadflow.campaigns.service import announcing, gaps
from leadflow.campaigns.service.members import sorted_out
from leadflow.campaigns.store import cohorts as runs
from leadflow.campaigns.store import gathering, joining
from leadflow.core import clock, table
from leadflow.leads import service as leads

# Leads who come within this time of the first share a cohort and its schedules.
WINDOW = timedelta(minutes=1)


def take_in(campaign: store.EmailCampaign, found: Iterable[leads.Reached]) -> bool:
    """Lets those of these leads join who fit as they are; whether one of them waits for a cohort.

    Safe to repeat. Raises table.TransactionRefused when others were in the way all the time.
    """
    now = clock.now()
    reached = {str(one.lead["id"]): one for one in found if not one.is_erased}
    fitting, _ = sorted_out(campaign.record(), [one.lead for one in reached.values()], now)
    join = [reached[str(lead["id"])] for lead in fitting]
    candidates = [joining.Candidate(str(one.lead["id"]), one.parts, one.mark) for one in join if one.mark]
    return bool(joining.enrol(campaign.id, candidates, clock.stamp(now)))


def tell(campaign_id: str) -> None:
    """Sees to it that newcomers are put into a cohort once those who come right after them are there too."""
    moment = clock.now() + clock.waiting(WINDOW)
    if gathering.await_gathering(campaign_id, moment):
        announcing.announce_at(campaign_id, moment)


def gather(run: runs.CampaignRun, campaign: store.EmailCampaign) -> bool:
    """Puts newcomers into a cohort of the first step; whether there were any to be put there now.

    Raises table.Stale or TransactionRefused when another worker was quicker.
    """
    if run.gathers_at:
        if clock.parse(run.gathers_at) > clock.now():
            return False
        gathering.begin_gathering(run)
    steps = [one.record() for one in store.steps_of(campaign.id)]
    step = sequence.next_step(steps, None)
    waiting = {one.sk.removeprefix("NEW#"): str(one.at) for one in joining.newcomers(campaign.id, cohorts.MAX_MEMBERS)}
    if step is None or not waiting:
        return False
    joined_at, lead_ids = cohorts.come_together(waiting)
    run.gaps = gaps.counted(run.gaps, steps, [one.lead for one in leads.reach_all(lead_ids).values()])
    now = clock.now()
    cohort, members = runs.new_cohort(
        campaign.id,
        str(step["id"]),
        int(step["step_number"]),
        lead_ids,
        ("join", str(run.turn)),
        due_at=sequence.due_at(step, now),
        joined_at=joined_at,
        since=clock.stamp(now),
    )
    gathering.begin_cohort(run, cohort, members)
    return True


def open_cohort(run: runs.CampaignRun) -> None:
    """Takes the members of the new cohort off the list, and lets it wait for its step."""
    cohort = runs.find_cohort(run.campaign_id, str(run.opening))
    if cohort is None or cohort.status != gathering.JOINING:
        raise table.Stale(run.pk)
    joining.forget_newcomers(run.campaign_id, runs.members_of(cohort).lead_ids)
    gathering.open_cohort(run, cohort)
    announcing.tell_in_time(cohort)


def go_on(run: runs.CampaignRun) -> bool:
    """What was asked for of a campaign whose newcomers are in cohorts; whether there may be more to do at once."""
    if run.walk_again or run.follow_late:
        from leadflow.campaigns.service import ending

        if run.follow_late and not run.walk_again:
            ending.follow_late(run.campaign_id)
        gathering.begin_wish(run, walk_again=bool(run.walk_again))
        return True
    if not run.gathers_at:
        gathering.rest_until_joined(run)
    return False
