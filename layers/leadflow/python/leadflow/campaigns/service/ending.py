"""How campaigns come to rest: done, or paused by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from leadflow.campaigns import store
from leadflow.campaigns.rules import health, sequence
from leadflow.campaigns.service import announcing
from leadflow.campaigns.store import cohorts as runs
from leadflow.campaigns.store import tallies
from leadflow.core import clock, table, totals
from leadflow.core.errors import LeadflowError
from leadflow.core.events import Change
from leadflow.core.observability import counted, logger
from leadflow.core.turns import Turns

_TURNS = Turns(8, longest_pause_seconds=0.5)


def complete_if_done(campaign_id: str) -> bool:
    """Completes an active campaign none of whose cohorts is to be done any more; whether it did.

    Who came to the end before a step was added comes to that step first.
    """
    for _ in _TURNS:
        run, campaign = runs.find_run(campaign_id), store.find_campaign(campaign_id)
        if run is None or campaign is None or campaign.status != "active" or campaign.audience_mode != "snapshot":
            return False
        if run.cohorts or run.task != "watch" or run.put_back:
            return False
        if follow_late(campaign_id):
            return False
        campaign.status, campaign.completed_at = "completed", clock.now_stamp()
        try:
            runs.end_run(run, campaign)
        except table.TransactionRefused:
            continue
        return True
    return False


def pause_because(campaign_id: str, trouble: LeadflowError) -> None:
    """Pauses a campaign that cannot go on, and says why in its record."""
    _pause(campaign_id, f"{trouble.code}: {trouble.detail}")


def pause_if_harmful(campaign: store.EmailCampaign) -> bool:
    """Pauses an active campaign whose mails do more harm than its `auto_pause` allows; whether that was so."""
    if campaign.auto_pause is None or campaign.status != "active":
        return False
    owner = tallies.campaign_owner(campaign.id)
    lines = {name: (owner, f"{tallies.WHOLE}#{name}") for name in health.JUDGED_BY}
    found = totals.read_some(list(lines.values()))
    harm = health.harm_done(campaign.auto_pause, {name: found[line] for name, line in lines.items()})
    if harm is None:
        return False
    _pause(campaign.id, f"auto_pause: {harm}")
    return True


def judge_health(changes: Iterable[Change]) -> None:
    """Judges the campaigns of mails that these changes say did harm, once the changes are counted."""
    mails = [change.new for change in changes if isinstance(change.new, store.EmailSent) and _harmed(change)]
    for campaign in store.find_campaigns(sorted({mail.campaign_id for mail in mails if mail.campaign_id})):
        pause_if_harmful(campaign)


def _harmed(change: Change) -> bool:
    """Whether the change tells of a hard bounce or a complaint."""
    told = [
        (mail.hard_bounced_at, mail.complained_at) if isinstance(mail, store.EmailSent) else (None, None)
        for mail in (change.old, change.new)
    ]
    return told[0] != told[1]


def _pause(campaign_id: str, reason: str) -> None:
    for _ in _TURNS:
        campaign = store.find_campaign(campaign_id)
        if campaign is None or campaign.status != "active":
            return
        campaign.status, campaign.paused_at = "paused", clock.now_stamp()
        campaign.pause_reason = reason[:500]
        try:
            table.save(campaign)
        except table.Stale:
            continue
        logger().warning("campaign paused itself", campaign_id=campaign_id, reason=reason.partition(":")[0])
        counted("CampaignsPausedThemselves")
        return


def after_last(cohort: runs.Cohort) -> None:
    """What there is to do when a cohort is done and nothing was to follow it: the campaign may be done with it.

    An evergreen campaign goes on; but a step that was added in this moment is for its members too.
    """
    if not complete_if_done(cohort.campaign_id) and not cohort.again:
        campaign = store.find_campaign(cohort.campaign_id)
        if campaign is not None and campaign.audience_mode == "evergreen":
            _followed(cohort, [step.record() for step in store.steps_of(cohort.campaign_id)])


def count_converted(cohort: runs.Cohort) -> None:
    """Counts those who came to the goal in the moment in which the last mail of their cohort went out."""
    campaign = store.find_campaign(cohort.campaign_id)
    if campaign is not None and campaign.goal is not None:
        from leadflow.campaigns.service import goals

        goals.count_late(campaign, cohort)


def follow_late(campaign_id: str) -> bool:
    """Sends those on who came to the end before a later step was there; whether there were any."""
    steps = [step.record() for step in store.steps_of(campaign_id)]
    went = [_followed(cohort, steps) for cohort in runs.cohorts_of(campaign_id) if cohort.status == "done"]
    return any(went)


def successor(
    cohort: runs.Cohort, step: sequence.Step, cause: tuple[str, str], after: int, since: datetime
) -> tuple[runs.Cohort, runs.CohortMembers]:
    """The cohort, not written yet, in which the members of this one wait for a step, having had `after` at `since`."""
    return runs.new_cohort(
        cohort.campaign_id,
        str(step["id"]),
        int(step["step_number"]),
        runs.members_of(cohort).lead_ids,
        cause,
        due_at=sequence.due_at(step, since),
        joined_at=cohort.joined_at,
        after=after,
        since=clock.stamp(since),
    )


def _followed(cohort: runs.Cohort, steps: Sequence[sequence.Step]) -> bool:
    """Whether there is a next step for who came to the end with this cohort; somebody has sent them on to it then."""
    step = sequence.next_step(steps, int(cohort.step_number))
    if step is None or cohort.is_followed or cohort.again or cohort.ended or not cohort.size:
        return False
    done_at = clock.parse(str(cohort.done_at))
    following = successor(cohort, step, ("after", cohort.id), int(cohort.step_number), done_at)
    cohort.is_followed = True
    try:
        runs.follow_late(cohort, following)
    except table.TransactionRefused:
        # Another worker did it.
        return True
    announcing.tell_in_time(following[0])
    return True
