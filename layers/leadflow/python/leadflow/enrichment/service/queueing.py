"""Telling the worker of runs and jobs, now or later. They are safe without: reconcile finds what nobody is at."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from leadflow.core import aws, clock
from leadflow.core.errors import RateLimited
from leadflow.core.settings import settings
from leadflow.enrichment.store.runs import EnrichmentRun

# SQS keeps a message back for so long at most; who comes early is sent on.
_LONGEST_DELAY = 900
_BATCH = 10


def queue_runs(runs: Iterable[EnrichmentRun]) -> None:
    """Queues runs for the time they are to go on. Raises RateLimited when the queue did not take all of them."""
    waiting = [({"run_id": run.id}, _delay(run.wake_at)) for run in runs if not run.is_over]
    for first in range(0, len(waiting), _BATCH):
        _send(waiting[first : first + _BATCH])


def queue_together(runs: Iterable[EnrichmentRun]) -> None:
    """Queues runs that ask together, as one message for the time they are to go on; raises as `queue_runs` does."""
    waiting = [run for run in runs if not run.is_over]
    if waiting:
        delay = max(_delay(run.wake_at) for run in waiting)
        _send([({"run_ids": [run.id for run in waiting]}, delay)])


def queue_job(job_id: str) -> None:
    """Queues a job to be walked on. Raises RateLimited when the queue did not take it."""
    _send([({"job_id": job_id}, 0)])


def _send(messages: list[tuple[dict[str, Any], int]]) -> None:
    entries = [
        {"Id": str(number), "MessageBody": json.dumps(body), "DelaySeconds": delay}
        for number, (body, delay) in enumerate(messages)
    ]
    answer = aws.client("sqs").send_message_batch(QueueUrl=settings().enrichments_queue_url, Entries=entries)
    if answer.get("Failed"):
        raise RateLimited("The queue of enrichments did not take every message.")


def _delay(wake_at: str | None) -> int:
    if wake_at is None:
        return 0
    return min(_LONGEST_DELAY, max(0, math.ceil(_seconds_until(clock.parse(wake_at)))))


def _seconds_until(moment: datetime) -> float:
    return (moment - clock.now()).total_seconds()
