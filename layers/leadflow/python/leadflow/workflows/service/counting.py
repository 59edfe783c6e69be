"""Totals of runs per workflow, exact however often and in whatever batches the changes are read.

Each event of a run is marked as counted in the transaction that counts it. A failed run that goes on is a failure no
more: `failure_count` goes down by one, and what becomes of it then is counted as for any run. So at rest a workflow's
runs are its successes, its failures and what was cancelled or still runs.
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
# Which total an event changes and by how much.
_TOTALS = {
    "started": ("execution_count", 1),
    "completed": ("success_count", 1),
    "failed": ("failure_count", 1),
    "retried": ("failure_count", -1),
}
_ENDS = frozenset({"completed", "failed"})


def count(changes: Sequence[Change]) -> None:
    """Counts what these changes say of runs; what was counted before is not counted again."""
    events = [event for change in changes for event in _events(change)]
    for first in range(0, len(events), _PER_TRANSACTION):
        _count_once(events[first : first + _PER_TRANSACTION])


def _events(change: Change) -> Iterator[tuple[store.WorkflowExecution, str]]:
    """Events of a run by the name of their mark: `started`, `completed`, `failed`, and `failed#1` … after a retry."""
    old, new = change.old, change.new
    if not isinstance(new, store.WorkflowExecution):
        return
    before = getattr(old, "status", None)
    again = f"#{int(new.retries)}" if new.retries else ""
    if old is None:
        yield new, "started"
    if new.status in _ENDS and new.status != before:
        yield new, f"{new.status}{again}"
    if before == "failed" and new.status == "running":
        yield new, f"retried{again}"


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
            name, number = _TOTALS[what.partition("#")[0]]
            total[name] += number
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
