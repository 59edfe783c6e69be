"""A person's runs are ended and erased: run, logs, what went out by webhooks and agents, guards, counts of runs by day.

The totals of workflows stay as they are. So do the marks that say what was counted, for as long as the stream may
deliver a change again: they hold nothing but the id of a run.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from leadflow.core import clock, due, removal, table
from leadflow.core.errors import InProgress
from leadflow.workflows import store
from leadflow.workflows.service import waiting

# The stream keeps a change for 24 hours.
_COUNTED_AGAIN_WITHIN = timedelta(hours=48)


def erase_person(lead_id: str) -> int:
    """Removes what is left, safe to repeat; gives how many items that were."""
    spent = removal.remove(removal.keys_under(f"SPEND#{lead_id}"))
    runs = sum(_erase_run(pk.removeprefix("WX#")) for pk, _ in removal.keys_about(lead_id, "WX#"))
    return spent + runs + waiting.forget(lead_id)


def _erase_run(execution_id: str) -> int:
    """The run itself goes last: what is about it is found through it."""
    execution = store.find_execution(execution_id)
    if execution is None:
        return 0
    try:
        _end(execution)
        below = [key for key in removal.keys_under(execution.pk) if key[1] != execution.sk]
        _let_expire(key for key in below if key[1].startswith("CNT#"))
        doomed = [key for key in below if not key[1].startswith("CNT#")]
        if execution.trigger_id is not None:
            doomed.append((f"ONCE#{execution.trigger_id}#{execution.lead_id}", "#"))
            doomed.append(store.runs_of_day_key(execution))
        if execution.delivery is not None:
            doomed.append((f"HKD#{execution.delivery}", "#"))
        removed = removal.remove(doomed)
        table.remove(execution)
    except table.Stale:
        raise InProgress(f"Execution {execution_id} is being changed; it is erased by the next try.") from None
    return removed + 1


def _end(execution: store.WorkflowExecution) -> None:
    """Whoever carries the run finds it ended. Raises table.Stale when it was moved meanwhile."""
    if execution.status != "running":
        return
    execution.status, execution.completed_at, execution.lease_until = "cancelled", clock.now_stamp(), None
    due.clear(execution)
    table.save(execution)


def _let_expire(marks: Iterable[removal.Key]) -> None:
    at = clock.epoch_seconds(clock.now() + _COUNTED_AGAIN_WITHIN)
    for pk, sk in marks:
        mark = store.CountedMark(pk=pk, sk=sk)
        table.change(mark, [store.CountedMark.expires_at.set(at)], any_version=True)
