"""What a campaign that was completed by hand still had to do: nothing more is sent, and that is counted as skipped.

One cohort after the other is ended, in one transaction each: it says for each step how many of its members will not be
sent it, and its totals follow by the stream. So whoever dies is followed by one that finds the rest, a campaign of a
million members takes a few thousand writes, and what is ended can be put back as it was (resume-rest).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from leadflow.campaigns import store
from leadflow.campaigns.rules import sequence
from leadflow.campaigns.service import announcing, ending, joining
from leadflow.campaigns.store import closing
from leadflow.campaigns.store import cohorts as runs
from leadflow.core import clock, effects, table

_Steps = Sequence[sequence.Step]


def end_all(run: runs.CampaignRun, campaign: store.EmailCampaign, has_time: Callable[[], bool]) -> bool:
    """Ends the cohorts of a completed campaign; whether there may be more to do at once.

    What somebody is still at is left to them, or to reconcile. Raises table.Stale or TransactionRefused when another
    worker was quicker, or the campaign has gone on.
    """
    if run.opening:
        joining.open_cohort(run)
        return True
    steps = [step.record() for step in store.steps_of(campaign.id)]
    is_all = True
    for cohort in runs.cohorts_of(campaign.id):
        if not has_time():
            return True
        is_all = _ended(cohort, campaign, steps) and is_all
    if is_all:
        runs.rest_run(run)
    return False


def end_taken(cohort: runs.Cohort, campaign: store.EmailCampaign) -> bool:
    """Ends a cohort that is ours; False when the campaign has just gone on.

    Where somebody is at a mail of it, it waits until that is settled. Raises table.Stale or TransactionRefused when
    another worker has the cohort.
    """
    return _end(cohort, campaign, [step.record() for step in store.steps_of(campaign.id)]) is not None


def _ended(cohort: runs.Cohort, campaign: store.EmailCampaign, steps: _Steps) -> bool:
    """Whether nothing is left to be done for the cohort."""
    if cohort.status == "ended":
        return True
    if cohort.status == "done":
        later = {} if cohort.is_followed or cohort.again else _later(cohort, steps, int(cohort.step_number))
        return not later or cohort.ended is not None or closing.close_cohort(cohort, campaign, later, is_done=True)
    if effects.is_held(cohort.lease_until, cohort.host_id):
        return False
    runs.take_cohort(cohort)
    return _end(cohort, campaign, steps) is True


def _end(cohort: runs.Cohort, campaign: store.EmailCampaign, steps: _Steps) -> bool | None:
    """Whether the cohort was ended, or waits for its mails to be settled; None when the campaign has just gone on."""
    left = _left(cohort)
    if left is None:
        cohort.due_at = clock.stamp(clock.now() + effects.LEASE)
        runs.await_time(cohort)
        table.save(cohort)
        announcing.tell_in_time(cohort)
        return False
    ending.count_converted(cohort)
    return True if closing.close_cohort(cohort, campaign, _unsent(cohort, left, steps), is_done=False) else None


def _unsent(cohort: runs.Cohort, left: int, steps: _Steps) -> dict[str, int]:
    """How many members are not sent which step, with so many `left` of the one they wait for.

    Before that one has begun, others may have been put before it, or it may be gone.
    """
    step = next((one for one in steps if one["id"] == cohort.step_id), None)
    if step is None or not step["begun_at"]:
        return _later(cohort, steps, int(cohort.after_number))
    number = int(step["step_number"])
    return {str(number): left, **({} if cohort.again else _later(cohort, steps, number))}


def _left(cohort: runs.Cohort) -> int | None:
    """How many members the step is not settled for; None while somebody is at mails of theirs.

    A mail that was claimed and never left counts as left: it may still go out when the campaign goes on.
    """
    from leadflow.campaigns.service import claiming

    ahead = runs.members_of(cohort).lead_ids[int(cohort.position) :]
    by_mail = {store.mail_of(cohort.campaign_id, cohort.step_id, lead_id): lead_id for lead_id in ahead}
    free, standing = claiming.looked_at(by_mail)
    if any(sent.outcome == "pending" for sent in standing.values()):
        return None
    if cohort.again:
        return len(free)
    skipped = store.skipped_among(cohort.campaign_id, cohort.step_id, ahead)
    return len(ahead) - len(skipped.union(by_mail[mail_id] for mail_id in standing))


def _later(cohort: runs.Cohort, steps: _Steps, after: int) -> dict[str, int]:
    """How many members do not come to each of the steps beyond this number."""
    numbers = [int(step["step_number"]) for step in steps if int(step["step_number"]) > after]
    return {str(number): int(cohort.size) for number in numbers} if cohort.size else {}
