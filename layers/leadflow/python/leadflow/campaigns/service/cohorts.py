"""The worker of cohorts: sends the mail of a step to the members of one, batch by batch, and sees what follows.

One worker has a cohort at a time, by its lease; who slept over it finds that before anything leaves the house. What is
done stands in the table after every batch, so whoever dies is followed by one that goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from leadflow.campaigns import store
from leadflow.campaigns.service import announcing, cohort_batches, ending, following, stalling
from leadflow.campaigns.service.cohort_batches import Progress
from leadflow.campaigns.service.members import Scene, excluded_steps
from leadflow.campaigns.store import cohorts as runs
from leadflow.campaigns.store import waiting
from leadflow.core import clock, due, effects, lateness, seams, table
from leadflow.core.errors import InProgress, LeadflowError, OutcomeUnknown, RateLimited, UpstreamUnavailable
from leadflow.core.observability import logger

# One call begins no batch after this long; the cohort is woken again.
WORK_SECONDS = 60
# Shorter waits for the rate are sat out, so many in one call.
_SAT_OUT = timedelta(seconds=2)
_MOST_SAT_OUT = 60
# A provider that cannot be reached is asked again after this long, and twice as long each time.
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=15)
# After so many tries in a row the campaign pauses itself.
MOST_FAILURES = 12


def work(message: dict[str, Any]) -> None:
    """Sends what of a cohort is due; does nothing when somebody is at it, it is done, or its time has not come.

    A message that names no cohort is for the campaign's run, whose time has come.
    """
    if "cohort" not in message:
        announcing.announce(str(message["campaign_id"]))
        return
    cohort = runs.find_cohort(str(message["campaign_id"]), str(message["cohort"]))
    if cohort is None or cohort.status != "waiting" or effects.is_held(cohort.lease_until, cohort.host_id):
        return
    if clock.parse(cohort.due_at) > clock.now():
        announcing.tell_in_time(cohort)
        return
    try:
        planned = waiting.planned_for(cohort)
        is_fresh = runs.take_cohort(cohort)
        if planned is not None:
            lateness.begun(planned)
        _send(cohort, is_fresh)
    except (table.Stale, table.TransactionRefused) as error:
        # Another worker has it, or what it was decided on has changed; reconcile wakes it when nobody else does.
        logger().info("cohort left", cohort=cohort.sk, error=type(error).__name__)
    except InProgress as error:
        _in_trouble(cohort, RateLimited(error.detail))


def park(message: dict[str, Any], error: LeadflowError) -> None:
    """Nothing to write it on: the cohort stays due, and reconcile wakes it again."""
    logger().warning("cohort not sent", cohort=message, error=type(error).__name__)


def reconcile() -> dict[str, int]:
    """Wakes cohorts whose message was lost or whose worker died."""
    in_vain: list[runs.Cohort] = []
    woken = sum(map(announcing.tell, due.in_groups(_taken_up(in_vain))))
    stalling.tell(in_vain)
    return {"cohorts_woken": woken}


def _taken_up(in_vain: list[runs.Cohort]) -> Iterator[runs.Cohort]:
    """Cohorts that are overdue and that nobody is at, each of which now waits anew.

    `in_vain` gets those that had been woken before.
    """
    for cohort in waiting.overdue_cohorts():
        if cohort.status != "waiting" or effects.is_held(cohort.lease_until, cohort.host_id):
            continue
        planned, woken_before = waiting.planned_for(cohort), cohort.waits_since is not None
        waiting.wait_on(cohort)
        try:
            table.save(cohort)
        except table.Stale:
            # Somebody took it up between our look and our write.
            continue
        if planned is not None:
            lateness.begun(planned)
        if woken_before:
            in_vain.append(cohort)
        yield cohort


def _send(cohort: runs.Cohort, is_fresh: bool) -> None:
    started, sat_out = time.monotonic(), 0
    while True:
        campaign = store.find_campaign(cohort.campaign_id)
        if campaign is None or (campaign.status != "active" and _rests(cohort, campaign)):
            return
        if campaign.status != "active" or ending.pause_if_harmful(campaign):
            continue
        if time.monotonic() - started > WORK_SECONDS:
            _again_at(cohort, clock.now())
            return
        steps = store.steps_of(campaign.id)
        step = following.step_of(cohort, steps)
        if step is None:
            following.take_turn(cohort, steps)
            return
        if not _has_begun(campaign, step):
            continue
        cohort.step_number = int(step.step_number)
        scene = _scene(campaign, step, steps, cohort)
        progress = cohort_batches.send_batch(cohort, scene, is_fresh=is_fresh)
        pause = progress.again_at - clock.now() if progress.again_at else timedelta()
        if progress.is_done or progress.trouble or pause > _SAT_OUT or sat_out >= _MOST_SAT_OUT:
            if progress.is_done:
                ending.pause_if_harmful(campaign)
            _let_go(cohort, progress)
            return
        if progress.again_at:
            sat_out += 1
            seams.current().sleep(max(0.0, pause.total_seconds()))


def _rests(cohort: runs.Cohort, campaign: store.EmailCampaign) -> bool:
    """Lets a cohort rest or end with its campaign; False when the campaign has just gone on."""
    if campaign.status != "completed":
        from leadflow.campaigns.store import closing

        return closing.park_cohort(cohort, campaign)
    from leadflow.campaigns.service import completing

    return completing.end_taken(cohort, campaign)


def _let_go(cohort: runs.Cohort, progress: Progress) -> None:
    if progress.is_done:
        following.go_on(cohort)
    elif progress.trouble is not None:
        _in_trouble(cohort, progress.trouble, progress.again_at)
    else:
        _again_at(cohort, progress.again_at or clock.now())


def _has_begun(campaign: store.EmailCampaign, step: store.EmailSequenceStep) -> bool:
    """Whether the step is begun from now on, or was; False when it or its place may have been changed meanwhile."""
    if not step.begun_at:
        try:
            store.begin_step(campaign, step)
        except table.TransactionRefused:
            return False
    return True


def _scene(
    campaign: store.EmailCampaign,
    step: store.EmailSequenceStep,
    steps: Sequence[store.EmailSequenceStep],
    cohort: runs.Cohort,
) -> Scene:
    """What the cohort's mails are sent in."""
    record = campaign.record()
    return Scene(record, step.record(), [one.record() for one in steps], cohort.joined_at, excluded_steps(record))


def _again_at(cohort: runs.Cohort, moment: datetime, wait: Callable[[runs.Cohort], None] = runs.await_time) -> None:
    """Lets go of the cohort until then."""
    cohort.due_at = clock.stamp(moment)
    wait(cohort)
    table.save(cohort)
    announcing.tell_in_time(cohort)


def _try_again_at(cohort: runs.Cohort, moment: datetime) -> None:
    """Lets go of a cohort that could not be sent now: it has been waiting since its first try, or since before."""
    _again_at(cohort, moment, waiting.wait_on)
    stalling.tell([cohort])


def _in_trouble(cohort: runs.Cohort, trouble: LeadflowError, again_at: datetime | None = None) -> None:
    """What cannot be sent now waits, or pauses the campaign where waiting does not help."""
    now = clock.now()
    if isinstance(trouble, RateLimited):
        _try_again_at(cohort, max(again_at or now, now + timedelta(seconds=trouble.retry_after_seconds)))
        return
    cohort.failures = int(cohort.failures) + 1
    if isinstance(trouble, UpstreamUnavailable | OutcomeUnknown) and cohort.failures <= MOST_FAILURES:
        _try_again_at(cohort, now + min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (cohort.failures - 1)))
        return
    cohort.failures = 0
    ending.pause_because(cohort.campaign_id, trouble)
    _again_at(cohort, now)
