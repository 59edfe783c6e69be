"""From changes to runs: what a change means, which active triggers it meets, and the runs that begin.

A run is written to the table before it is queued, under an id derived from trigger and event: the same change read
again, in any batch, finds the run there, and a queue that loses its messages loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leadflow.campaigns.service import events as campaign_events
from leadflow.core import clock, conditions, ids, seams, table
from leadflow.core.errors import RateLimited
from leadflow.core.events import Change, DomainEvent
from leadflow.core.observability import logger
from leadflow.leads import service as leads
from leadflow.leads.service import events as lead_events
from leadflow.workflows import rules, store
from leadflow.workflows.service import events as own_events
from leadflow.workflows.service import starting, waiting


def dispatch(changes: Sequence[Change]) -> None:
    """Begins every run that these changes cause; safe to repeat with the same or overlapping changes."""
    events = [event for change in changes for event in _events(change)]
    if not events:
        return
    revision = store.trigger_revision()
    begun: list[store.WorkflowExecution] = []
    for event in events:
        begun += waiting.wake(event)
        for trigger in _triggers(event.event_type, revision):
            if _may_begin(trigger, event) and _fits(trigger, event) and not _is_erased(event):
                begun += _begin(trigger, event)
    starting.queue_starts(begun)


def _events(change: Change) -> list[DomainEvent]:
    # Imported as modules: with them come the item classes, without which the stream's first batch could not be read.
    found = lead_events.events_of(change.old, change.new, change.change_id)
    found += campaign_events.events_of(change.old, change.new, change.change_id)
    return [*found, *own_events.events_of(change.old, change.new, change.change_id)]


def _triggers(event_type: str, revision: int) -> list[store.ActiveTrigger]:
    """The active triggers of a type, kept until the index's revision moves."""
    kept = seams.current().kept
    name = f"triggers:{event_type}"
    if name not in kept or kept[name][0] != revision:
        kept[name] = (revision, store.active_triggers(event_type))
    found: list[store.ActiveTrigger] = kept[name][1]
    return found


def _may_begin(trigger: store.ActiveTrigger, event: DomainEvent) -> bool:
    """Whether the trigger was in force, and does not answer the failure of a run that it led to itself."""
    is_own_failure = event.event_type == "workflow_failed" and trigger.workflow_id in event.cause
    return bool(trigger.active_from <= event.occurred_at) and not is_own_failure


def _fits(trigger: store.ActiveTrigger, event: DomainEvent) -> bool:
    config: Mapping[str, Any] = trigger.config
    if not rules.matches(event.event_type, config, event.data):
        return False
    filters = config.get("filters")
    if filters is None:
        return True
    lead: Mapping[str, Any] | None = leads.find(event.lead_id) if event.lead_id else {}
    return lead is not None and conditions.evaluate(filters, {"lead": lead, "trigger": event.data}, clock.now())


def _is_erased(event: DomainEvent) -> bool:
    """Whether the person was erased before their event was read: nothing may begin that would remember them."""
    return event.lead_id is not None and leads.was_erased(event.lead_id)


def _begin(trigger: store.ActiveTrigger, event: DomainEvent) -> list[store.WorkflowExecution]:
    """The run of this trigger for this event: the new one, the one an earlier reading began, or none."""
    happened = clock.parse(event.occurred_at)
    execution = store.new_execution(
        id=ids.derived_id(happened, trigger.trigger_id, event.event_id),
        workflow_id=trigger.workflow_id,
        workflow_version=int(trigger.version),
        trigger_type=event.event_type,
        trigger_id=trigger.trigger_id,
        trigger_data=event.data,
        lead_id=event.lead_id,
        started_at=clock.now_stamp(),
        cause=list(event.cause),
    )
    if len(event.cause) >= rules.MAX_DEPTH:
        _stop_cycle(execution, event)
    else:
        starting.await_start(execution)
    guard = None
    if trigger.config.get("once_per_lead") and event.lead_id is not None:
        guard = store.OncePerLead(pk=f"ONCE#{trigger.trigger_id}#{event.lead_id}", sk="#")
    return _written(execution, guard)


def _stop_cycle(execution: store.WorkflowExecution, event: DomainEvent) -> None:
    cycle = rules.cycle_of(event.cause, execution.workflow_id)
    execution.status, execution.completed_at = "failed", clock.now_stamp()
    execution.error_name = "CycleStopped"
    execution.error_message = f"Stopped: workflows set each other off {rules.MAX_DEPTH} deep: {cycle}."
    logger().warning("workflow cycle stopped", workflow_id=execution.workflow_id, cycle=cycle)


def _written(execution: store.WorkflowExecution, guard: store.OncePerLead | None) -> list[store.WorkflowExecution]:
    execution.touch()
    try:
        with table.transaction() as writes:
            writes.save(execution, condition=table.Item.pk.does_not_exist())
            if guard is not None:
                guard.touch()
                writes.save(guard, condition=table.Item.pk.does_not_exist())
    except table.TransactionRefused as refused:
        if refused.contended:
            raise RateLimited("Another reader is at the same change.") from refused
        earlier = store.find_execution(execution.id)
        # Queued again in case the reader before died between writing the run and queueing it.
        return [earlier] if earlier is not None else []
    return [execution]
