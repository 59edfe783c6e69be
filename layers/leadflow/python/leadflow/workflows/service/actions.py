"""What each kind of action does. Everything here may be called again for the same visit and then does nothing twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from leadflow.activities import service as activities
from leadflow.campaigns import service as campaigns
from leadflow.core import clock
from leadflow.core.errors import InvalidInput, NotFound, OutcomeUnknown, UpstreamRejected
from leadflow.leads import service as leads
from leadflow.workflows import rules, store, store_waiting
from leadflow.workflows.service import waiting

if TYPE_CHECKING:
    from leadflow.activities.schema import TaskCreate


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
    """What came of an action: done, done by skipping, or to be looked at again at `wait_until`.

    `waiter` is what waits for an event: it is kept while the run waits, and goes when the action has ended. `lead` is
    what a lead that has changed is now, where the action knows.
    """

    output: Mapping[str, Any] = field(default_factory=dict)
    wait_until: datetime | None = None
    skip_reason: str | None = None
    lead_changed: bool = False
    lead: Mapping[str, Any] | None = None
    waiter: store_waiting.Waiter | None = None


def perform(context: Context) -> Result:
    """Does the action. Raises errors of the tree; a retryable one has done nothing."""
    return _PERFORMERS[context.node.action_type](context)


def _wait(context: Context) -> Result:
    until = str(context.so_far["until"]) if "until" in context.so_far else _until(context)
    is_over = clock.parse(until) <= clock.now()
    if context.node.config.get("for_event") is not None:
        return _wait_for_event(context, until, is_over=is_over)
    return Result({"until": until}, None if is_over else clock.parse(until))


def _until(context: Context) -> str:
    """When a wait that begins now is over. Raises InvalidInput."""
    over = rules.wakes_at(context.node.config, context.lead, clock.now())
    if over is None:
        raise InvalidInput("until", "the lead has no time in this field")
    return clock.stamp(over)


def _wait_for_event(context: Context, until: str, *, is_over: bool) -> Result:
    if not context.lead_id or context.lead is None:
        raise NotFound("lead", context.lead_id)
    waiter = waiting.waiter_of(context.execution, context.node, context.cursor.steps, until)
    if waiter.event is not None:
        return Result(rules.event_output(until, waiter.event["type"], waiter.event["data"]), waiter=waiter)
    if is_over:
        return Result(rules.event_output(until), waiter=waiter)
    # `until` is the waiter's: an earlier call may have died after it had begun it.
    return Result({"until": waiter.until}, clock.parse(waiter.until), waiter=waiter)


def _condition(context: Context) -> Result:
    if "branch" in context.so_far:
        return Result(context.so_far)
    facts = {"lead": context.lead or {}, "trigger": context.execution.trigger_data}
    return Result({"branch": rules.branch_of(context.node, context.cursor, facts, clock.now())})


def update_of(context: Context) -> dict[str, Any]:
    """What an update_lead action changes: `set_fields`, `add_tags`, `remove_tags`. Raises InvalidInput, NotFound."""
    from leadflow.core.rendering import render_value
    from leadflow.core.schema import checked
    from leadflow.leads.schema import LeadUpdate

    if context.lead is None:
        raise NotFound("lead", context.lead_id)
    config: Any = render_value(dict(context.node.config), template_facts(context))
    fields = checked(LeadUpdate, json.dumps(config.get("set", {})), "set").model_dump(mode="json", exclude_unset=True)
    added, removed = list(config.get("add_tags", [])), list(config.get("remove_tags", []))
    return {"set_fields": fields, "add_tags": added, "remove_tags": removed}


def updated(update: Mapping[str, Any], version: int) -> dict[str, Any]:
    """What an update_lead action gives: names of what it touched, never values, and the lead's version after it."""
    tagged = update["add_tags"] or update["remove_tags"]
    return {"changed": sorted({*update["set_fields"], *(["tags"] if tagged else [])}), "version": version}


def _update_lead(context: Context) -> Result:
    update = update_of(context)
    changed = leads.apply(context.lead_id, **update, cause=context.chain)
    return Result(updated(update, changed.version), lead_changed=True, lead=changed)


def task_of(context: Context, now: datetime) -> TaskCreate:
    """The task that a create_task action adds at a moment. Raises InvalidInput."""
    from leadflow.activities.schema import TaskCreate
    from leadflow.core.rendering import render_value
    from leadflow.core.schema import checked

    config = context.node.config
    words = {name: config[name] for name in ("title", "description", "assigned_to") if name in config}
    fields: Any = render_value(words, template_facts(context))
    fields["lead_id"] = context.execution.lead_id
    if config.get("due_in_hours") is not None:
        fields["due_at"] = clock.stamp(now + timedelta(hours=config["due_in_hours"]))
    return checked(TaskCreate, json.dumps(fields), "action_config")


def _create_task(context: Context) -> Result:
    begun_at = clock.parse(context.execution.started_at)
    task_id = activities.task_id_of(begun_at, context.effect)
    if activities.find_task(task_id) is not None:
        return Result({"task_id": task_id})
    body = task_of(context, clock.now())
    if activities.add_task(task_id, body, execution_id=context.execution.id) is None:
        return Result(skip_reason="lead_gone")
    return Result({"task_id": task_id})


def sender_of(config: Mapping[str, Any], facts: Mapping[str, Any]) -> str | None:
    """Who a send_email action's mail is from, filled in; None for the channel's own sender.

    A value in the name stays a name, whatever it holds: it never becomes the address.
    """
    given = config.get("from")
    if given is None or "{" not in given:
        return given
    from leadflow.core.rendering import render_header

    name, bracket, address = given.removesuffix(">").rpartition("<") if given.endswith(">") else ("", "", given)
    filled = render_header(address, facts)
    return f"{_quoted(render_header(name, facts))} <{filled}>" if bracket else filled


def _quoted(name: str) -> str:
    """A name as it stands before an address, where commas, dots and brackets have a meaning (RFC 5322, 3.2.4)."""
    return '"{}"'.format(name.translate({ord('"'): "'", ord("\\"): None}).strip("' "))


def _send_email(context: Context) -> Result:
    config = context.node.config
    sent = campaigns.send_to_lead(
        template_id=config["template_id"],
        lead_id=context.lead_id,
        cause=context.effect,
        sender=sender_of(config, template_facts(context)),
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


def _send_message(context: Context) -> Result:
    from leadflow.workflows.service import messaging

    return messaging.send(context, template_facts(context))


def _call_webhook(context: Context) -> Result:
    from leadflow.workflows.service import calling

    return calling.call(context, template_facts(context))


def _run_ai_agent(context: Context) -> Result:
    from leadflow.workflows.service import asking

    return asking.run(context, template_facts(context))


def _enrich_lead(context: Context) -> Result:
    from leadflow.workflows.service import enriching

    return enriching.run(context)


def template_facts(context: Context) -> dict[str, Any]:
    """What the templates of an action see."""
    from leadflow.core.rendering import lead_context

    facts = lead_context(context.lead or {})
    return {**facts, "trigger": context.execution.trigger_data, "actions": rules.outputs_as_facts(context.cursor)}


_PERFORMERS: dict[str, Callable[[Context], Result]] = {
    "wait": _wait,
    "condition": _condition,
    "update_lead": _update_lead,
    "create_task": _create_task,
    "send_email": _send_email,
    "send_message": _send_message,
    "call_webhook": _call_webhook,
    "run_ai_agent": _run_ai_agent,
    "enrich_lead": _enrich_lead,
}
