"""How members of an audience come into new cohorts, those of an evergreen campaign by its list of newcomers."""

from __future__ import annotations

from datetime import datetime

from pynamodb.transactions import TransactWrite

from leadflow.campaigns.store import cohorts as runs
from leadflow.campaigns.store.campaigns import EmailCampaign
from leadflow.campaigns.store.cohorts import CampaignRun, Cohort, CohortMembers
from leadflow.campaigns.store.commits import committed
from leadflow.core import clock, due, table

JOINING = "joining"


def add_cohort(
    run: CampaignRun, cohort: Cohort, members: CohortMembers, cursor: str | None, task: str, *, joins: bool
) -> None:
    """Writes a new cohort and how far the run is in one step; with `joins` its members make the audience larger.

    Raises table.TransactionRefused when another worker has gone on with the run.
    """

    def fill(writes: TransactWrite) -> None:
        runs.put_new(writes, cohort, members)
        actions = [*runs.moved(run, cursor, task), CampaignRun.cohorts.add(1)]
        writes.update(run, actions, condition=runs.same_turn(run), add_version_condition=False)
        if joins:
            _enlarge_audience(writes, cohort)

    committed(fill)


def await_gathering(campaign_id: str, moment: datetime) -> bool:
    """Notes that there are newcomers to be put into a cohort then; False when that is noted already."""
    kind, run = CampaignRun, CampaignRun(pk=f"CAMP#{campaign_id}", sk="#RUN", v=1)
    due.mark(run, runs.RUN, clock.stamp(moment + runs.scaled(runs.PATIENCE)), campaign_id)
    noted = [kind.gathers_at.set(clock.stamp(moment))]
    places = [kind.gsi3pk.set(str(run.gsi3pk)), kind.gsi3sk.set(str(run.gsi3sk))]
    try:
        table.change(run, [*noted, *places], kind.gathers_at.does_not_exist(), any_version=True)
    except table.Stale:
        return False
    return True


def begin_gathering(run: CampaignRun) -> None:
    """Takes the note away before one looks: who joins from now on makes another. Raises table.Stale."""
    actions = [*runs.moved(run, run.cursor, run.task), CampaignRun.gathers_at.remove()]
    table.change(run, actions, runs.same_turn(run), any_version=True)


def begin_cohort(run: CampaignRun, cohort: Cohort, members: CohortMembers) -> None:
    """Writes a cohort of newcomers, who are of the audience from then on and still on the list.

    Raises table.TransactionRefused when another worker has gone on with the run.
    """
    cohort.status = JOINING
    due.clear(cohort)
    kind, key = CampaignRun, cohort.sk.removeprefix("COH#")

    def fill(writes: TransactWrite) -> None:
        runs.put_new(writes, cohort, members)
        actions = [*runs.moved(run, run.cursor, run.task), kind.cohorts.add(1), kind.opening.set(key)]
        writes.update(run, actions, condition=runs.same_turn(run), add_version_condition=False)
        _enlarge_audience(writes, cohort)

    committed(fill)


def open_cohort(run: CampaignRun, cohort: Cohort) -> None:
    """Lets a cohort wait for its step, whose members are off the list.

    Raises table.TransactionRefused when another worker was quicker.
    """
    runs.await_time(cohort)

    def fill(writes: TransactWrite) -> None:
        cohort.touch()
        writes.save(cohort)
        actions = [*runs.moved(run, run.cursor, run.task), CampaignRun.opening.remove()]
        writes.update(run, actions, condition=runs.same_turn(run), add_version_condition=False)

    committed(fill)


def rest_until_joined(run: CampaignRun) -> None:
    """Takes a run out of the due-index until somebody joins.

    Raises table.Stale when somebody just has, or another worker has gone on with it.
    """
    nobody = CampaignRun.gathers_at.does_not_exist()
    table.change(run, runs.leaving(), runs.same_turn(run) & nobody, any_version=True)


def begin_wish(run: CampaignRun, *, walk_again: bool) -> None:
    """Begins what was asked for meanwhile: all leads are looked at again, or a late step is followed.

    Raises table.Stale when another worker was quicker.
    """
    if walk_again:
        actions = [*runs.moved(run, None, "freeze"), CampaignRun.walk_again.set(False)]
    else:
        actions = [*runs.moved(run, run.cursor, run.task), CampaignRun.follow_late.set(False)]
    table.change(run, actions, runs.same_turn(run), any_version=True)


def begin_reordering(run: CampaignRun) -> None:
    """Takes the note of an edit away, before one looks. Raises table.Stale when another was quicker."""
    actions = [*runs.moved(run, run.cursor, run.task), CampaignRun.reorder.set(False)]
    table.change(run, actions, runs.same_turn(run), any_version=True)


def _enlarge_audience(writes: TransactWrite, cohort: Cohort) -> None:
    """Adds to a transaction that the members of a new cohort are of the audience, as long as its campaign is there."""
    writes.update(
        EmailCampaign(pk=cohort.pk, sk="#META", v=1),
        [EmailCampaign.total_recipients.add(int(cohort.size))],
        condition=EmailCampaign.pk.exists(),
        add_version_condition=False,
    )
