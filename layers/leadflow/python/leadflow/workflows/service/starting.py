"""Runs that are about to begin: by hand, and on their way to the state machine.

A run is written to the table before it is queued, so a queue that loses its messages loses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from leadflow.core import aws, clock, due, table
from leadflow.core.errors import Conflict, InvalidInput, RateLimited
from leadflow.core.settings import settings
from leadflow.leads import service as leads
from leadflow.workflows import store

# A run that is queued this long without having begun has lost its message.
START_PATIENCE = timedelta(minutes=2)
_BATCH = 10


def run_now(workflow_id: str, lead_id: str | None, data: dict[str, Any]) -> table.Record:
    """A manual run of the published version. Raises Conflict when there is none in force, InvalidInput for the lead."""
    workflow = store.load(workflow_id)
    if workflow.status != "active":
        raise Conflict(f"Workflow {workflow_id} is {workflow.status}, not active.", workflow_id)
    if lead_id is not None and leads.find(lead_id) is None:
        raise InvalidInput("lead_id", f"there is no lead {lead_id}")
    execution = store.new_execution(
        workflow_id=workflow_id,
        workflow_version=int(workflow.version),
        trigger_type="manual",
        trigger_data=data,
        lead_id=lead_id,
        started_at=clock.now_stamp(),
    )
    await_start(execution)
    execution = table.create(execution)
    queue_starts([execution])
    return execution.record()


def queue_starts(executions: Iterable[store.WorkflowExecution]) -> None:
    """Queues runs for `start`. Raises RateLimited when the queue did not take all of them."""
    waiting = [execution for execution in executions if execution.status == "running"]
    for first in range(0, len(waiting), _BATCH):
        entries = [
            {"Id": str(number), "MessageBody": json.dumps({"execution_id": one.id, "run": int(one.run)})}
            for number, one in enumerate(waiting[first : first + _BATCH])
        ]
        answer = aws.client("sqs").send_message_batch(QueueUrl=settings().starts_queue_url, Entries=entries)
        if answer.get("Failed"):
            raise RateLimited("The queue of starts did not take every message.")


def await_start(execution: store.WorkflowExecution) -> None:
    """Puts a run that is about to be written into the due-index, in case its message is lost."""
    execution.host_id = settings().host_id or None
    due.mark(execution, "execution", clock.stamp(clock.now() + START_PATIENCE), execution.id)
