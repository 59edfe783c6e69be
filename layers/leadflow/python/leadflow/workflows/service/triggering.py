"""What all triggers share: which are in force, whether filters let a lead through, and what says it had its run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadflow.core import clock, conditions, seams
from leadflow.leads import service as leads
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


def once_guards(trigger: store.ActiveTrigger, lead_id: str | None) -> list[store.OncePerLead]:
    """What keeps a trigger from starting twice for a lead, where it wants that: the item to write, then those of the
    lead's other parts, of which none may be there."""
    if lead_id is None or not trigger.config.get("once_per_lead"):
        return []
    lead_ids = dict.fromkeys([lead_id, *leads.known_as(lead_id)])
    return [store.OncePerLead(pk=f"ONCE#{trigger.trigger_id}#{one}", sk="#") for one in lead_ids]
