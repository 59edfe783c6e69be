"""Waits for events: a run leaves a waiter where the reader of changes looks, and is woken by the first that fits.

The waiter is there before the run lies down, and the transaction in which it lies down or ends the wait holds the
waiter to the version that was read. So an event is either seen by the run or finds it asleep; one that happened before
the waiter was there does not count.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from leadflow.core import clock, removal, table
from leadflow.core.events import DomainEvent
from leadflow.leads import service as leads
from leadflow.workflows import rules, store, store_waiting
from leadflow.workflows.enums import WAITABLE_EVENTS
from leadflow.workflows.service import recovery

# A waiter outlives its wait by this, then it expires if whoever should remove it is gone.
_KEPT_AFTER = timedelta(days=2)
_TRIES = 5


def waiter_of(
    execution: store.WorkflowExecution, node: rules.ActionNode, step: int, until: str
) -> store_waiting.Waiter:
    """The waiter of this visit, begun now unless it was before. Raises table.TransactionRefused."""
    event_type = str(node.config["for_event"])
    found = store_waiting.find(str(execution.lead_id), event_type, execution.id, step)
    if found is not None:
        return found
    waiter = store_waiting.new_waiter(
        str(execution.lead_id),
        event_type,
        execution.id,
        step,
        config=dict(node.config.get("event_config") or {}),
        since=clock.now_stamp(),
        until=until,
        expires_at=clock.epoch_seconds(clock.parse(until) + _KEPT_AFTER),
    )
    store_waiting.begin(waiter, execution)
    return waiter


def wake(event: DomainEvent) -> list[store.WorkflowExecution]:
    """Ends the waits that this event is what was waited for; gives the runs to be queued. Safe to repeat."""
    if event.lead_id is None or event.event_type not in WAITABLE_EVENTS:
        return []
    woken: list[store.WorkflowExecution] = []
    lead_ids = leads.known_as(event.lead_id)
    for waiter in [one for lead_id in lead_ids for one in store_waiting.waiting_for(lead_id, event.event_type)]:
        if waiter.since <= event.latest and event.occurred_at <= waiter.until and _takes(waiter, event):
            execution = _woken(waiter)
            if execution is not None:
                woken.append(execution)
    return woken


def forget(lead_id: str) -> int:
    """Removes what waits for a lead's events; gives how many there were."""
    return removal.remove(list(removal.keys_under(store_waiting.partition(lead_id))))


def end(execution: store.WorkflowExecution) -> None:
    """Removes the waiter of a run that ends while it waits, if it has one."""
    if execution.waiter_sk and execution.lead_id:
        removal.remove([(store_waiting.partition(execution.lead_id), execution.waiter_sk)])


def _takes(waiter: store_waiting.Waiter, event: DomainEvent) -> bool:
    """Whether it is this event that ends the wait: the first one that fits."""
    told: dict[str, Any] | None = waiter.event
    if told is not None:
        return bool(told["id"] == event.event_id)
    if not rules.matches(event.event_type, waiter.config, event.data):
        return False
    told = {"id": event.event_id, "type": event.event_type, "data": event.data}
    try:
        table.change(waiter, [store_waiting.Waiter.event.set(told)])
    except table.Stale:
        # It lay down, was woken or ended at this moment: what is there now decides.
        return _found_again(waiter, event)
    return True


def _found_again(waiter: store_waiting.Waiter, event: DomainEvent) -> bool:
    found = table.find(store_waiting.Waiter, waiter.pk, waiter.sk)
    return found is not None and _takes(found, event)


def _woken(waiter: store_waiting.Waiter) -> store.WorkflowExecution | None:
    """The run, awake; None when it is at work and will see the event itself, or has moved on."""
    for _ in range(_TRIES):
        execution = store.find_execution(waiter.execution_id)
        if execution is None or not _lies(execution, waiter):
            return None
        try:
            # Woken by an earlier reading, its message may be lost. A start of the same number starts nothing twice.
            return recovery.wake(execution) if execution.wake_at else execution
        except table.Stale:
            continue
    # It is being moved all the time, so it is at work, or its time is up.
    return None


def _lies(execution: store.WorkflowExecution, waiter: store_waiting.Waiter) -> bool:
    """Whether the run is not at work and has this wait before it."""
    is_idle = execution.status == "running" and execution.lease_until is None
    return bool(is_idle and execution.waiter_sk == waiter.sk)
