"""Who is told that there is work: cohorts by a queue or a schedule, runs by the jobs bus. The table is safe without."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from leadflow.campaigns.store import cohorts as runs
from leadflow.campaigns.store.reclassifications import Reclassification
from leadflow.campaigns.store.removals import CampaignRemoval
from leadflow.core import aws, clock, table, wakeups
from leadflow.core.observability import logger
from leadflow.core.settings import settings
from leadflow.core.wakeups import Message

CAMPAIGN = "campaign"
# What the worker of a campaign has to do beside its run.
_WorkT = TypeVar("_WorkT", CampaignRemoval, Reclassification)


def message_of(cohort: runs.Cohort) -> Message:
    return {"campaign_id": cohort.campaign_id, "cohort": f"{cohort.step_id}#{cohort.id}"}


def tell(cohorts: Iterable[runs.Cohort]) -> int:
    """Wakes cohorts now; gives how many messages were taken. The rest is for reconcile."""
    return wakeups.tell(settings().cohorts_queue_url, map(message_of, cohorts))


def tell_in_time(cohort: runs.Cohort) -> None:
    """Sees to it that a cohort that has been written is woken when it is due; where that fails, reconcile does it."""
    moment = clock.parse(cohort.due_at)
    queue = wakeups.Queue(
        settings().cohorts_queue_url, settings().cohorts_queue_arn, settings().cohorts_dead_letters_arn
    )
    try:
        wakeups.tell_at(queue, message_of(cohort), moment, _name(cohort, moment))
    except (BotoCoreError, ClientError) as error:
        logger().warning("cohort not told", cohort=cohort.sk, error_type=type(error).__name__)


def announce(campaign_id: str) -> bool:
    """Puts the run of a campaign on the jobs bus; False when that could not be done."""
    entry = {
        "EventBusName": settings().jobs_bus_name,
        "Source": "leadflow",
        "DetailType": CAMPAIGN,
        "Detail": json.dumps({"id": campaign_id}),
    }
    try:
        failed = aws.client("events").put_events(Entries=[entry])["FailedEntryCount"]
    except (BotoCoreError, ClientError) as error:
        logger().warning("campaign not announced", campaign_id=campaign_id, error_type=type(error).__name__)
        return False
    return not failed


def announce_unattended(found: Iterable[_WorkT], await_worker: Callable[[_WorkT], None]) -> int:
    """Announces the campaigns of work that nobody is at, each once it waits for its worker anew; how many."""
    announced = 0
    for work in found:
        await_worker(work)
        with contextlib.suppress(table.Stale):
            # Stale: its worker has just gone on with it, or come to its end.
            table.save(work)
            announced += announce(work.campaign_id)
    return announced


def announce_at(campaign_id: str, moment: datetime) -> None:
    """Sees to it that the run of a campaign is announced then; where that fails, reconcile does it.

    The jobs bus has no delay, so the message goes by the queue of cohorts, within the 15 minutes that one can wait.
    """
    queue = wakeups.Queue(settings().cohorts_queue_url, "", "")
    try:
        wakeups.tell_at(queue, {"campaign_id": campaign_id}, moment, campaign_id)
    except (BotoCoreError, ClientError) as error:
        logger().warning("campaign not told", campaign_id=campaign_id, error_type=type(error).__name__)


def _name(cohort: runs.Cohort, moment: datetime) -> str:
    """What the schedule of a cohort is called: by campaign, cohort (which is of one step) and time."""
    return f"{cohort.campaign_id}-{cohort.id}-{wakeups.second(moment):%Y%m%d%H%M%S}"
