"""What all triggers have in common: which are in force, whether a lead passes their filters, and writing the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadflow.core import clock, conditions, seams, table
from leadflow.core.errors import RateLimited
from leadflow.workflows import store


def in_force(trigger_type: str, revision: int) -> list[store.ActiveTrigger]:
    """The active triggers of a type, kept until the index's revision moves."""
    kept = seams.current().kept
    name = f"triggers:{trigger_type}"
    if name not in kept or kept[name][0] != revision:
        kept[name] = (revision, store.active_triggers(trigger_type))
    found: list[store.ActiveTrigger] = kept[name][1]
    return found


def passes(filters: Mapping[str, Any] | None, lead: Mapping[str, Any] | None, data: Mapping[str, Any]) -> bool:
    """Whether a trigger's filters let this lead (or nobody) with the trigger's data through."""
    if filters is None:
        return True
    return conditions.evaluate(filters, {"lead": lead or {}, "trigger": data}, clock.now())


def once_guard(trigger: store.ActiveTrigger, lead_id: str | None) -> store.OncePerLead | None:
    """The item that keeps a trigger from starting twice for a lead, where the trigger wants that."""
    if lead_id is None or not trigger.config.get("once_per_lead"):
        return None
    return store.OncePerLead(pk=f"ONCE#{trigger.trigger_id}#{lead_id}", sk="#")


def written(execution: store.WorkflowExecution, guard: store.OncePerLead | None) -> list[store.WorkflowExecution]:
    """The run of this id: the one given, the one that was there, or none when the guard was. Raises RateLimited."""
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
