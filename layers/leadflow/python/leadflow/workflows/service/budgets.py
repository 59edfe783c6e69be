"""What keeps workflows from going on for ever: how deep they may set each other off, and runs per lead and day.

A run that is refused is written all the same, as failed, so that it is seen where runs are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from leadflow.core import clock, due, ids, table
from leadflow.core.observability import logger
from leadflow.workflows import rules, store

if TYPE_CHECKING:
    from pynamodb.transactions import TransactWrite

# The stream keeps a change for 24 hours.
_DAY_IS_KEPT = timedelta(hours=48)


def stopped_for_depth(execution: store.WorkflowExecution) -> bool:
    """Stops a run, not yet written, whose chain of causes is as long as chains may be; whether it did."""
    cause = [str(one) for one in execution.cause]
    if len(cause) < rules.MAX_DEPTH:
        return False
    execution.error_name = "CycleStopped"
    _stop(execution, rules.too_deep(cause, str(execution.workflow_id)))
    return True


def stop_for_runs(execution: store.WorkflowExecution, max_runs: int) -> None:
    """Stops a run, not yet written, whose lead had as many runs of its workflow today as it may."""
    _stop(execution, rules.too_many_runs(execution.workflow_id, max_runs))


def count(writes: TransactWrite, execution: store.WorkflowExecution, max_runs: int) -> None:
    """Takes the run's place among its lead's runs of the day; the transaction fails at the bound.

    It is an update, which come last among the reasons of a refusal.
    """
    kind = store.RunsOfDay
    writes.update(
        kind(*store.runs_of_day_key(execution)),
        [
            kind.runs.add(1),
            kind.kind.set(kind),
            kind.expires_at.set(clock.epoch_seconds(ids.moment_of(execution.id) + _DAY_IS_KEPT)),
        ],
        condition=kind.runs.does_not_exist() | (kind.runs < max_runs),
        add_version_condition=False,
    )


def used_up(executions: Iterable[store.WorkflowExecution], max_runs: int) -> set[str]:
    """The ids of those runs, none of them written yet, that have no place left on their day."""
    keys = {execution.id: store.runs_of_day_key(execution) for execution in executions}
    full = {(found.pk, found.sk) for found in table.find_many(store.RunsOfDay, keys.values()) if found.runs >= max_runs}
    return {execution_id for execution_id, key in keys.items() if key in full}


def _stop(execution: store.WorkflowExecution, reason: str) -> None:
    """Makes of a run that is about to be written one that never began and says why."""
    execution.status, execution.completed_at, execution.error_message = "failed", clock.now_stamp(), reason
    execution.lease_until = None
    due.clear(execution)
    logger().warning("run stopped before it began", workflow_id=execution.workflow_id, reason=reason)
