"""From changes to runs: what a change means, which active triggers it meets, and the runs that begin.

A run is written to the table before it is queued, under an id derived from trigger and event: the same change read
again, in any batch, finds the run there, and a queue that loses its messages loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from leadflow.activities.service import events as activity_events
from leadflow.campaigns.service import events as campaign_events
from leadflow.campaigns.service import listening
from leadflow.channels.service import events as message_events
from leadflow.core import clock, ids, table
from leadflow.core.errors import RateLimited
from leadflow.core.events import Change, DomainEvent
from leadflow.core.gates import Gate, first_closed
from leadflow.enrichment.service import starting as enrichment
from leadflow.leads import service as leads
from leadflow.leads.service import events as lead_events
from leadflow.workflows import rules_standing as standing
from leadflow.workflows import store
from leadflow.workflows.service import budgets, starting, triggering, waiting
from leadflow.workflows.service import events as own_events


def dispatch(changes: Sequence[Change]) -> None:
    """Begins every run that these changes cause; safe to repeat with the same or overlapping changes."""
    changed = (lead_events.changed_lead(change.old, change.new) for change in changes)
    events = [event for change in changes for event in _events(change)]
    listening.heed(list(dict.fromkeys(lead_id for lead_id in changed if lead_id)), events)
    if not events:
        return
    enrichment.on_events(events)
    revision = store.trigger_revision()
    begun: list[store.WorkflowExecution] = []
    for event in events:
        begun += waiting.wake(event)
        subject = _Subject(event.lead_id)
        met = _met(event, subject, revision)
        # A batch takes seconds: what was paused since it came begins nothing more, what was activated does.
        if met and (latest := store.trigger_revision()) != revision:
            revision = latest
            met = _met(event, subject, revision)
        for trigger in met:
            begun += _begin(trigger, event)
    starting.queue_starts(begun)


def _met(event: DomainEvent, subject: _Subject, revision: int) -> list[store.ActiveTrigger]:
    """The triggers in force by which an event begins a run."""
    found = triggering.in_force(event.event_type, revision)
    return [trigger for trigger in found if first_closed(_gates(trigger, event, subject)) is None]


class _Subject:
    """Whom an event is about, read when the first trigger asks: so many triggers cost no more than one."""

    def __init__(self, lead_id: str | None) -> None:
        self.lead_id = lead_id

    @cached_property
    def lead(self) -> Mapping[str, Any] | None:
        """The lead; empty for an event about nobody, None when it is gone."""
        return {} if self.lead_id is None else leads.find(self.lead_id)

    @cached_property
    def is_erased(self) -> bool:
        return self.lead_id is not None and leads.was_erased(self.lead_id)


def _events(change: Change) -> list[DomainEvent]:
    # Imported as modules: with them come the item classes, without which the stream's first batch could not be read.
    found = lead_events.events_of(change.old, change.new, change.change_id)
    found += activity_events.events_of(change.old, change.new)
    found += campaign_events.events_of(change.old, change.new, change.change_id)
    found += message_events.events_of(change.old, change.new)
    return [*found, *own_events.events_of(change.old, change.new, change.change_id)]


def _gates(trigger: store.ActiveTrigger, event: DomainEvent, subject: _Subject) -> Iterator[Gate]:
    """What must hold for a trigger to begin a run for an event; reads for each gate when it is asked."""
    config: Mapping[str, Any] = trigger.config
    yield standing.in_force(trigger.active_from, event.latest)
    yield standing.not_answered(event.event_type, trigger.workflow_id, event.cause)
    yield standing.fits(event.event_type, config, event.data)
    filters = config.get("filters")
    yield standing.filtered(filters, None if filters is None else subject.lead, event.data, clock.now())
    # Of a person who was erased before their event was read nothing may begin that would remember them.
    yield standing.not_erased(subject.is_erased)


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
    guards = triggering.once_guards(trigger, event.lead_id)
    if budgets.stopped_for_depth(execution):
        return _written(execution, guards)
    starting.await_start(execution)
    return _written(execution, guards, int(trigger.max_runs) if event.lead_id is not None else None)


def _written(
    execution: store.WorkflowExecution, guards: Sequence[store.OncePerLead], max_runs: int | None = None
) -> list[store.WorkflowExecution]:
    """Writes the run with the first of its guards, where none of the others is.

    Unless `max_runs` is None it takes its place among the lead's runs of the day.
    """
    execution.touch()
    try:
        with table.transaction() as writes:
            for guard in guards[1:]:
                writes.condition_check(store.OncePerLead, guard.pk, guard.sk, condition=table.Item.pk.does_not_exist())
            writes.save(execution, condition=table.Item.pk.does_not_exist())
            for guard in guards[:1]:
                guard.touch()
                writes.save(guard, condition=table.Item.pk.does_not_exist())
            if max_runs is not None:
                budgets.count(writes, execution, max_runs)
    except table.TransactionRefused as refused:
        if refused.contended:
            raise RateLimited("Another reader is at the same change.") from refused
        earlier = store.find_execution(execution.id)
        if earlier is not None:
            # Queued again in case the reader before died between writing the run and queueing it.
            return [earlier]
        # The count is the only update, and updates come last among the reasons.
        if max_runs is None or not refused.failed(len(refused.reasons) - 1):
            return []
        budgets.stop_for_runs(execution, max_runs)
        return _written(execution, guards)
    return [execution]
