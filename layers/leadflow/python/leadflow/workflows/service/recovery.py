"""Starting state machine executions, and starting again what the platform lost: from the table alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from leadflow.core import aws, clock, due, effects, table
from leadflow.core.errors import LeadflowError, RateLimited
from leadflow.core.observability import logger
from leadflow.core.settings import settings
from leadflow.workflows import rules, store
from leadflow.workflows.service import starting

# A run that is lost this often in a row without getting one action further is given up.
MAX_LOSSES = 20
_PASSING = frozenset({"ExecutionLimitExceeded", "ThrottlingException", "ServiceUnavailable", "InternalServerError"})


def start(message: dict[str, Any]) -> None:
    """Starts the state machine for one queued run; a name used before means it was started.

    Raises RateLimited when the service has no room now.
    """
    execution_id, run = message["execution_id"], int(message["run"])
    try:
        aws.client("stepfunctions").start_execution(
            stateMachineArn=settings().state_machine_arn,
            name=f"{execution_id}-{run}",
            input=json.dumps({"execution_id": execution_id, "run": run}),
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ExecutionAlreadyExists":
            return
        if code in _PASSING:
            raise RateLimited(f"The state machine takes no start now: {code}.") from error
        raise


def park(message: dict[str, Any], error: LeadflowError) -> None:
    """Nothing to write it on, and the starter may not: the run stays due, and reconcile queues it again."""
    logger().warning("start parked", start=message, error=type(error).__name__)


def reconcile() -> dict[str, int]:
    """Puts runs back to work that are due and that nobody holds; counts how many, and how many were given up."""
    counts = {"restarted": 0, "given_up": 0}
    for group in due.in_groups(_taken_up(counts)):
        starting.queue_starts(group)
        counts["restarted"] += len(group)
    return counts


def _taken_up(counts: dict[str, int]) -> Iterator[store.WorkflowExecution]:
    """Runs that are due and that nobody holds, each moved on to its next state machine execution, to be queued."""
    for execution in due.unattended(store.WorkflowExecution, "execution"):
        if execution.status != "running" or effects.is_held(execution.lease_until, execution.host_id):
            continue
        try:
            if execution.lease_until is not None:
                execution.lost = int(execution.lost) + 1
            if execution.lost > MAX_LOSSES:
                give_up(execution, f"The run was lost {MAX_LOSSES} times in a row at the same action.")
                counts["given_up"] += 1
                continue
            _next_run(execution)
        except table.Stale:
            # Somebody took it up between our look and our write.
            continue
        yield execution


def hand_over(execution: store.WorkflowExecution) -> None:
    """Lets a fresh state machine execution carry the run on, since the old one's history is nearly full."""
    _next_run(execution)
    starting.queue_starts([execution])


def go_on(execution: store.WorkflowExecution) -> None:
    """Puts a run that had ended back to work, and queues it. Raises table.Stale when somebody else changed it."""
    execution.status, execution.retries, execution.lost = "running", int(execution.retries) + 1, 0
    execution.completed_at = execution.error_message = execution.error_name = execution.wake_at = None
    _next_run(execution)
    starting.queue_starts([execution])


def wake(execution: store.WorkflowExecution) -> store.WorkflowExecution:
    """Moves a sleeping run on to its next state machine execution, to be queued; the old one finds itself outdated.

    Raises table.Stale when somebody else moved it.
    """
    execution.wake_at = None
    _next_run(execution)
    return execution


def _next_run(execution: store.WorkflowExecution) -> None:
    execution.run, execution.segments = int(execution.run) + 1, 0
    execution.lease_until = None
    execution.host_id = settings().host_id or None
    at = clock.stamp(clock.now() + starting.START_PATIENCE)
    due.mark(execution, "execution", max(at, execution.wake_at or at), execution.id)
    table.save(execution)


def give_up(execution: store.WorkflowExecution, reason: str) -> None:
    """Ends a run as failed. Raises table.Stale when somebody moved it meanwhile."""
    execution.error_message, execution.error_name = reason, "Lost"
    end(execution, "failed", "The run was given up")


def end(execution: store.WorkflowExecution, status: str, why: str) -> None:
    """Ends a run before its end, and the log of the action under way. Raises table.Stale as `give_up` does."""
    logs = cut_short(execution, why)
    execution.status, execution.completed_at = status, clock.now_stamp()
    execution.lease_until = execution.wake_at = None
    due.clear(execution)
    try:
        table.save_together([execution, *logs])
    except table.TransactionRefused as refused:
        raise table.Stale(execution.pk) from refused


def cut_short(execution: store.WorkflowExecution, why: str) -> list[store.ExecutionLog]:
    """The log of the action under the cursor, ended but not yet written; none where no action is under way.

    A wait is skipped. Anything else has failed, saying that it may have been done: nobody looks at its effect here.
    """
    cursor = rules.Cursor(**execution.cursor)
    key = store.new_log(execution, cursor.steps, cursor.attempt, cursor.visit)
    log = table.find(store.ExecutionLog, key.pk, key.sk)
    if log is None or log.status != "running":
        return []
    if log.action_type == "wait":
        log.status, log.reason = "skipped", f"{why} while it waited."
    else:
        log.status, log.error_message = "failed", f"{why} while the action was under way; it may have been done."
    log.duration_ms = log.duration_ms or 0
    return [log]
