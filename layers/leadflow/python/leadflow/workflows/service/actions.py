"""What each kind of action does. Everything here may be called again for the same visit and then does nothing twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from leadflow.activities import service as activities
from leadflow.campaigns import service as campaigns
from leadflow.core import clock, conditions
from leadflow.core.errors import InvalidInput, NotFound, OutcomeUnknown, UpstreamRejected
from leadflow.leads import service as leads
from leadflow.workflows import rules, store


@dataclass(frozen=True)
class Context:
    """The run, where it stands, the action, the lead as it is now, and what an earlier call left in the log."""

    execution: store.WorkflowExecution
    cursor: rules.Cursor
    node: rules.ActionNode
    lead: Mapping[str, Any] | None
    so_far: Mapping[str, Any]

    @property
    def lead_id(self) -> str:
        """The lead's id. Raises InvalidInput when the run has none."""
        if self.execution.lead_id is None:
            raise InvalidInput("lead_id", "this run is not about a lead")
        return str(self.execution.lead_id)

    @property
    def chain(self) -> tuple[str, ...]:
        """The workflows that led to what this run changes, this one last."""
        return (*(str(one) for one in self.execution.cause), str(self.execution.workflow_id))

    @property
    def effect(self) -> tuple[str, ...]:
        """The cause that an effect of this visit is claimed under."""
        return rules.effect_of(self.execution.id, self.node, self.cursor)


@dataclass(frozen=True)
class Result:
    """What came of an action: done, done by skipping, or to be looked at again at `wait_until`."""

    output: Mapping[str, Any] = field(default_factory=dict)
    wait_until: datetime | None = None
    skip_reason: str | None = None
    lead_changed: bool = False


def perform(context: Context) -> Result:
    """Does the action. Raises errors of the tree; a retryable one has done nothing."""
    return _PERFORMERS[context.node.action_type](context)


def _wait(context: Context) -> Result:
    if "until" in context.so_far:
        until = clock.parse(str(context.so_far["until"]))
        return Result(context.so_far, None if until <= clock.now() else until)
    until_or_none = rules.wakes_at(context.node.config, context.lead, clock.now())
    if until_or_none is None:
        raise InvalidInput("until", "the lead has no time in this field")
    output = {"until": clock.stamp(until_or_none)}
    return Result(output, until_or_none if until_or_none > clock.now() else None)


def _condition(context: Context) -> Result:
    if "branch" in context.so_far:
        return Result(context.so_far)
    facts = {
        "lead": context.lead or {},
        "trigger": context.execution.trigger_data,
        "actions": rules.outputs_as_facts(context.cursor),
    }
    held = conditions.evaluate(context.node.config["if"], facts, clock.now())
    return Result({"branch": "yes" if held else "no"})


def _update_lead(context: Context) -> Result:
    from leadflow.core.rendering import render_value
    from leadflow.core.schema import checked
    from leadflow.leads.schema import LeadUpdate

    if context.lead is None:
        raise NotFound("lead", context.lead_id)
    config: Any = render_value(dict(context.node.config), _template_facts(context))
    fields = checked(LeadUpdate, json.dumps(config.get("set", {})), "set").model_dump(mode="json", exclude_unset=True)
    added, removed = list(config.get("add_tags", [])), list(config.get("remove_tags", []))
    changed = leads.apply(context.lead_id, set_fields=fields, add_tags=added, remove_tags=removed, cause=context.chain)
    touched = sorted({*fields, *(["tags"] if added or removed else [])})
    return Result({"changed": touched, "version": changed.version}, lead_changed=True)


def _create_task(context: Context) -> Result:
    from leadflow.activities.schema import TaskCreate
    from leadflow.core.rendering import render_value
    from leadflow.core.schema import checked

    begun_at = clock.parse(context.execution.started_at)
    task_id = activities.task_id_of(begun_at, context.effect)
    if activities.find_task(task_id) is not None:
        return Result({"task_id": task_id})
    config = context.node.config
    words = {name: config[name] for name in ("title", "description", "assigned_to") if name in config}
    fields: Any = render_value(words, _template_facts(context))
    fields["lead_id"] = context.execution.lead_id
    if config.get("due_in_hours") is not None:
        fields["due_at"] = clock.stamp(clock.now() + timedelta(hours=config["due_in_hours"]))
    body = checked(TaskCreate, json.dumps(fields), "action_config")
    if activities.add_task(task_id, body, execution_id=context.execution.id) is None:
        return Result(skip_reason="lead_gone")
    return Result({"task_id": task_id})


def _send_email(context: Context) -> Result:
    config = context.node.config
    sent = campaigns.send_to_lead(
        template_id=config["template_id"],
        lead_id=context.lead_id,
        cause=context.effect,
        sender=config.get("from"),
        execution_id=context.execution.id,
    )
    output = {"email_id": sent.email_id, "outcome": sent.outcome}
    if sent.wait_until is not None:
        return Result(output, sent.wait_until)
    if sent.outcome == "rejected":
        raise UpstreamRejected(sent.reason or "The provider refused the mail.")
    if sent.outcome not in ("accepted", "skipped"):
        raise OutcomeUnknown(f"Nobody can say whether mail {sent.email_id} was sent; it is not sent again.")
    return Result(output, skip_reason=(sent.reason or "skipped") if sent.outcome == "skipped" else None)


def _call_webhook(context: Context) -> Result:
    from leadflow.workflows.service import calling

    return calling.call(context, _template_facts(context))


def _run_ai_agent(context: Context) -> Result:
    from leadflow.workflows.service import asking

    return asking.run(context, _template_facts(context))


def _template_facts(context: Context) -> dict[str, Any]:
    from leadflow.core.rendering import lead_context

    facts = lead_context(context.lead or {})
    return {**facts, "trigger": context.execution.trigger_data, "actions": rules.outputs_as_facts(context.cursor)}


_PERFORMERS: dict[str, Callable[[Context], Result]] = {
    "wait": _wait,
    "condition": _condition,
    "update_lead": _update_lead,
    "create_task": _create_task,
    "send_email": _send_email,
    "call_webhook": _call_webhook,
    "run_ai_agent": _run_ai_agent,
}
