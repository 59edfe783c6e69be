"""How members of a cohort come from step to step: each time to the first step beyond the one they had.

Steps may be added, moved and removed while members wait for one. Whose step is not the next one any more wait for the
one that is, by the time of the step they had; so nobody is passed over a step. A step that has begun is the next one of
all who wait for it, since from then on no other can be put before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from leadflow.campaigns import store
from leadflow.campaigns.rules import sequence
from leadflow.campaigns.service import announcing, ending
from leadflow.campaigns.store import cohorts as runs
from leadflow.core import clock


def step_of(cohort: runs.Cohort, steps: Sequence[store.EmailSequenceStep]) -> store.EmailSequenceStep | None:
    """The step that the cohort waits for; None when that is gone, or not the next one of its members any more."""
    step = next((one for one in steps if one.id == cohort.step_id), None)
    if step is None or step.begun_at:
        return step
    following = sequence.next_step([one.record() for one in steps], int(cohort.after_number))
    return step if following is not None and following["id"] == step.id else None


def go_on(cohort: runs.Cohort) -> None:
    """Ends a cohort whose step is done; its members come to the next one when that is due.

    Raises table.TransactionRefused when another worker has the cohort.
    """
    steps = [step.record() for step in store.steps_of(cohort.campaign_id)]
    number = int(cohort.step_number)
    step = None if cohort.again or not cohort.size else sequence.next_step(steps, number)
    _end(cohort, step, ("after", cohort.id), number, clock.now())


def take_turn(cohort: runs.Cohort, steps: Sequence[store.EmailSequenceStep]) -> None:
    """Lets the members of a cohort wait for the step that is their next one now.

    Raises table.TransactionRefused when another worker has the cohort.
    """
    number = int(cohort.after_number)
    step = sequence.next_step([one.record() for one in steps], number)
    # Who comes to the end here had no step since that one: whatever is added later is beyond it.
    cohort.step_number = number
    _end(cohort, step, ("turn", cohort.id), number, clock.parse(cohort.since))


def _end(cohort: runs.Cohort, step: sequence.Step | None, cause: tuple[str, str], after: int, since: datetime) -> None:
    """Ends a cohort whose members go on to this step, if to any, having had the step before it at `since`."""
    if step is None:
        ending.count_converted(cohort)
        runs.finish_cohort(cohort, None)
        ending.after_last(cohort)
        return
    following = ending.successor(cohort, step, cause, after, since)
    cohort.is_followed = True
    runs.finish_cohort(cohort, following)
    announcing.tell_in_time(following[0])
