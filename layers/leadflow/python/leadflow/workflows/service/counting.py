"""Totals of runs per workflow, exact however often and in whatever batches the changes are read.

Each event of a run is marked as counted in the transaction that counts it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from leadflow.core import table
from leadflow.core.events import Change
from leadflow.workflows import store

# A transaction takes 100 actions: a mark per event and a total per workflow.
_PER_TRANSACTION = 45
_TRIES = 8
_TOTALS = {"started": "execution_count", "completed": "success_count", "failed": "failure_count"}


def count(changes: Sequence[Change]) -> None:
    """Counts what these changes say of runs; what was counted before is not counted again."""
    events = [event for change in changes for event in _events(change)]
    for first in range(0, len(events), _PER_TRANSACTION):
        _count_once(events[first : first + _PER_TRANSACTION])


def _events(change: Change) -> Iterator[tuple[store.WorkflowExecution, str]]:
    old, new = change.old, change.new
    if not isinstance(new, store.WorkflowExecution):
        return
    if old is None:
        yield new, "started"
    if new.status in _TOTALS and new.status != getattr(old, "status", None):
        yield new, new.status


def _count_once(events: list[tuple[store.WorkflowExecution, str]]) -> None:
    pending = list({(one.id, what): (one, what) for one, what in events}.values())
    for _ in range(_TRIES):
        if not pending:
            return
        try:
            _commit(pending)
        except table.TransactionRefused as refused:
            if not refused.contended:
                pending = [event for event in pending if not _is_counted(event)]
            continue
        return
    raise table.TransactionRefused(["TransactionConflict"])


def _is_counted(event: tuple[store.WorkflowExecution, str]) -> bool:
    execution, what = event
    return table.find(store.CountedMark, f"WX#{execution.id}", f"CNT#{what}") is not None


def _commit(events: list[tuple[store.WorkflowExecution, str]]) -> None:
    totals: dict[str, dict[str, Any]] = defaultdict(lambda: defaultdict(int))
    with table.transaction() as writes:
        for execution, what in events:
            mark = store.CountedMark(pk=f"WX#{execution.id}", sk=f"CNT#{what}")
            mark.touch()
            writes.save(mark, condition=table.Item.pk.does_not_exist())
            total = totals[execution.workflow_id]
            total[_TOTALS[what]] += 1
            total["last"] = max(total["last"] or "", execution.started_at)
        for workflow_id, total in totals.items():
            counters = store.WorkflowCounters(pk=f"WF#{workflow_id}", sk="#COUNT")
            writes.update(counters, list(_additions(total)), add_version_condition=False)


def _additions(total: dict[str, Any]) -> Iterator[Any]:
    kind = store.WorkflowCounters
    yield kind.kind.set(kind)
    yield kind.last_executed_at.set(total.pop("last"))
    for name, number in total.items():
        yield getattr(kind, name).add(number)
