"""Workers of jobs: what EventBridge announces on the product's bus, or S3 when a file has come, one job at a time.

The event carries an id and nothing else; the job is in the table. It may come twice, late or never: reconcile
announces again what nobody is at. A retryable or unforeseen error is raised, so that Lambda tries again and in the end
puts the event on the dead-letter queue; any other error of the tree says that there is nothing to do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from leadflow.core.errors import LeadflowError
from leadflow.core.observability import fresh_logger
from leadflow.entry import failures, startup

# What a worker needs to end the step it is at.
_RESERVE_MILLISECONDS = 60_000


class Job(NamedTuple):
    """A job to work on. `owner` is the same when Lambda tries again; `has_time` says whether to begin another step."""

    id: str
    owner: str
    has_time: Callable[[], bool]


def job_worker(function: Callable[[Job], None]) -> Any:
    """Makes a Lambda handler of a function that works on one job and may be called for it again."""

    @functools.wraps(function)
    def door(event: dict[str, Any], context: Any) -> None:
        job = Job(_id_of(event["detail"]), str(event["id"]), functools.partial(_has_time, context))
        fresh_logger(job_id=job.id)
        try:
            function(job)
        except LeadflowError as error:
            failures.report("job failed", error)
            if error.retryable:
                raise
        except Exception as error:
            failures.report("job failed", error)
            raise

    startup.door_is_made()
    return door


def _id_of(detail: dict[str, Any]) -> str:
    """The id of the job; that of a file is the last part of its key."""
    return str(detail["id"] if "id" in detail else detail["object"]["key"].rpartition("/")[2])


def _has_time(context: Any) -> bool:
    return context is None or context.get_remaining_time_in_millis() > _RESERVE_MILLISECONDS
