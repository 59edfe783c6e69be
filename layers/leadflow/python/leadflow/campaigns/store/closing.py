"""Cohorts that rest, since their campaign does or was completed by hand, and are put back to go on."""

from __future__ import annotations

from collections.abc import Mapping

from pynamodb.transactions import TransactWrite

from leadflow.campaigns.store import cohorts as runs
from leadflow.campaigns.store.campaigns import EmailCampaign
from leadflow.campaigns.store.cohorts import Cohort
from leadflow.campaigns.store.commits import committed
from leadflow.core import due, table


def close_cohort(cohort: Cohort, campaign: EmailCampaign, ended: Mapping[str, int], *, is_done: bool) -> bool:
    """Writes how many members will not be sent which step; False when the campaign has just gone on.

    A cohort that is not done is not waited for any more. Raises table.TransactionRefused when another worker has it.
    """
    cohort.ended = dict(ended)
    if not is_done:
        cohort.status, cohort.lease_until = "ended", None
        due.clear(cohort)

    def fill(writes: TransactWrite) -> None:
        save_while_same(writes, cohort, campaign)
        if not is_done:
            runs.count_cohorts(writes, campaign.id, -1)

    try:
        committed(fill)
    except table.TransactionRefused as refused:
        if not refused.failed(0):
            raise
        return False
    return True


def park_cohort(cohort: Cohort, campaign: EmailCampaign) -> bool:
    """Lets a cohort rest as long as the campaign does; False when the campaign has just gone on.

    Raises table.TransactionRefused when another worker has the cohort.
    """
    before = (cohort.lease_until, cohort.gsi3pk, cohort.gsi3sk)
    cohort.status, cohort.lease_until = "parked", None
    due.clear(cohort)

    def fill(writes: TransactWrite) -> None:
        save_while_same(writes, cohort, campaign)

    try:
        committed(fill)
    except table.TransactionRefused as refused:
        if not refused.failed(0):
            raise
        cohort.status = "waiting"
        cohort.lease_until, cohort.gsi3pk, cohort.gsi3sk = before
        return False
    return True


def put_back(cohort: Cohort) -> None:
    """Lets an ended or parked cohort go on, as soon as its time has come.

    Raises table.TransactionRefused when another worker was quicker.
    """
    was_counted = cohort.status != "ended"
    cohort.ended = None
    if cohort.status != "done":
        runs.await_time(cohort)

    def fill(writes: TransactWrite) -> None:
        cohort.touch()
        writes.save(cohort)
        if not was_counted:
            runs.count_cohorts(writes, cohort.campaign_id, 1)

    committed(fill)


def save_while_same(writes: TransactWrite, cohort: Cohort, campaign: EmailCampaign) -> None:
    """Adds a cohort to a transaction, which is refused first of all when the campaign has gone on since it was read."""
    same = (EmailCampaign.generation == int(campaign.generation)) & (EmailCampaign.status == campaign.status)
    writes.condition_check(EmailCampaign, campaign.pk, campaign.sk, condition=same)
    cohort.touch()
    writes.save(cohort)
