"""Runs that are thought through: the decisions of a real run by a virtual clock, without effects and without writes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from leadflow.campaigns import service as campaigns
from leadflow.core import clock, errors
from leadflow.core.errors import InvalidInput, LeadflowError, NotFound
from leadflow.leads import service as leads
from leadflow.workflows import rules, rules_outputs, store
from leadflow.workflows.service import actions, definitions, publishing

if TYPE_CHECKING:
    from leadflow.core.table import Record
    from leadflow.workflows.schema import SimulatedOutcome, SimulationRequest

# Pauses before another attempt are random within the upper half of the backoff; here they are the longest.
_LONGEST = 1.0
# Pages of mails in one answer; Lambda answers with 6 MB at most.
_MAX_PAGES_BYTES = 2_000_000


def simulate(workflow_id: str, request: SimulationRequest) -> dict[str, Any]:
    """What a run would do. Raises NotFound, InvalidInput for a lead, a version or an outcome that is not there."""
    workflow = store.load(workflow_id)
    definition = _definition(workflow, request.version)
    unknown = [one for one in request.outcomes if one not in definition.by_id]
    if unknown:
        raise InvalidInput.many((f"outcomes.{one}", "this workflow has no such action") for one in unknown)
    return _Simulation(definition, request, _lead(request)).run()


def _definition(workflow: store.Workflow, version: str) -> rules.Definition:
    if version == "published":
        if not workflow.version:
            raise InvalidInput("version", "this workflow was never published")
        return publishing.definition(workflow.id, int(workflow.version))
    nodes = [definitions.node_of(action) for action in store.actions_of(workflow.id)]
    return rules.Definition(workflow.id, 0, rules.in_walking_order(nodes))


def _lead(request: SimulationRequest) -> Record | None:
    if request.lead is not None:
        return leads.made_up(request.lead.model_dump(mode="json", exclude_unset=True))
    if request.lead_id is None:
        return None
    lead = leads.find(request.lead_id)
    if lead is None:
        raise InvalidInput("lead_id", f"there is no lead {request.lead_id}")
    return lead


class _Simulation:
    """One run in the mind."""

    def __init__(self, definition: rules.Definition, request: SimulationRequest, lead: Record | None) -> None:
        self.definition, self.request, self.lead = definition, request, lead
        self.began = clock.now() if request.at is None else clock.parse(clock.stamp(request.at))
        self.now = self.began
        self.cursor = rules.Cursor()
        self.trace: list[dict[str, Any]] = []
        self.cost, self.pages_left = 0.0, _MAX_PAGES_BYTES
        self.execution = store.new_execution(
            id="simulated",
            workflow_id=definition.workflow_id,
            workflow_version=definition.version,
            trigger_type=request.trigger_type,
            trigger_data=dict(request.data),
            lead_id=lead["id"] if lead else None,
            started_at=clock.stamp(self.began),
        )

    def run(self) -> dict[str, Any]:
        error = None
        while (step := rules.next_step(self.definition, self.cursor, self._facts(), self.now)) is not None:
            if step.skip_reason:
                self._note(step.node, "skipped", reason=step.skip_reason)
                self.cursor = self.cursor.passed(self.definition, step.node, "skipped")
                continue
            error = self._act(step.node)
            if error is not None:
                break
        return {
            "workflow_id": self.definition.workflow_id,
            "version": self.definition.version or None,
            "status": "failed" if error else "completed",
            "error_message": error,
            "started_at": clock.stamp(self.began),
            "completed_at": clock.stamp(self.now),
            "duration_seconds": (self.now - self.began).total_seconds(),
            "cost": round(self.cost, 6),
            "trace": self.trace,
        }

    def _facts(self) -> dict[str, Any]:
        return {"lead": self.lead or {}, "trigger": self.execution.trigger_data}

    def _act(self, node: rules.ActionNode) -> str | None:
        """One attempt of one action; the sentence the run fails with, or None."""
        began, attempt = self.now, self.cursor.attempt
        context = actions.Context(self.execution, self.cursor, node, self.lead, {})
        try:
            output, reason, would = self._imagined(context)
        except LeadflowError as error:
            return self._failed(node, error)
        output = rules_outputs.bounded(output)
        self.cursor = self.cursor.passed(self.definition, node, "completed", output)
        status = "skipped" if reason else "completed"
        self._note(node, status, at=began, attempt=attempt, reason=reason, output=output or None, would=would)
        return None

    def _failed(self, node: rules.ActionNode, error: LeadflowError) -> str | None:
        began, attempt = self.now, self.cursor.attempt
        message = f"{type(error).__name__}: {error.detail}"
        if error.retryable:
            at = rules.retry_at(node.config, attempt, self.now, _LONGEST)
            if at is not None:
                self.cursor, self.now = self.cursor.again(), at
                self._note(node, "failed", at=began, attempt=attempt, error_message=message)
                return None
        self._note(node, "failed", attempt=attempt, error_message=message)
        if not rules.survives_failure(self.definition, node):
            return f"{node.action_type} {node.id}: {message}"
        self.cursor = self.cursor.passed(self.definition, node, "failed")
        return None

    def _imagined(self, context: actions.Context) -> tuple[dict[str, Any], str | None, dict[str, Any] | None]:
        """Output, reason to skip, and what would be done. Raises what the action would fail with."""
        node = context.node
        outcome = self.request.outcomes.get(node.id)
        if outcome is not None and _fails(outcome, self.cursor.attempt):
            raise getattr(errors, str(outcome.error))("as the simulation was told")
        if node.action_type == "wait":
            return self._waited(node), None, None
        if node.action_type == "condition":
            return {"branch": rules.branch_of(node, self.cursor, self._facts(), self.now)}, None, None
        told = dict(outcome.output) if outcome is not None else {}
        if node.action_type == "update_lead":
            update = actions.update_of(context)
            self.lead = leads.would_apply(_there(self.lead), **update, now=clock.stamp(self.now))
            return actions.updated(update, self.lead.version), None, {"update": update}
        if node.action_type == "send_email":
            sender = actions.sender_of(node.config, actions.template_facts(context))
            reason, mail = campaigns.would_send(node.config["template_id"], _about(context), sender)
            return {"outcome": "skipped" if reason else "accepted", **told}, reason, self._within_bounds(mail)
        if node.action_type == "send_message":
            from leadflow.workflows.service import messaging

            reason, message = messaging.would_send(node.config, _about(context), actions.template_facts(context))
            return {"outcome": "skipped" if reason else "accepted", **told}, reason, {"message": message}
        return told, None, self._would(context)

    def _waited(self, node: rules.ActionNode) -> dict[str, Any]:
        until = rules.wakes_at(node.config, self.lead, self.now)
        if until is None:
            raise InvalidInput("until", "the lead has no time in this field")
        if node.config.get("for_event") is None:
            self.now = max(self.now, until)
            return {"until": clock.stamp(until)}
        _there(self.lead)
        for event in sorted(self.request.events, key=lambda one: one.after_minutes):
            at = self.began + timedelta(minutes=event.after_minutes)
            fits = event.event == node.config["for_event"] and self.now <= at <= until
            if fits and rules.matches(event.event, node.config.get("event_config") or {}, event.data):
                self.now = at
                return rules.event_output(clock.stamp(until), event.event, dict(event.data))
        self.now = until
        return rules.event_output(clock.stamp(until))

    def _would(self, context: actions.Context) -> dict[str, Any]:
        """What would be done, in words of the effect. Raises what the action would fail with before it has begun."""
        kind, facts = context.node.action_type, actions.template_facts(context)
        if kind == "create_task":
            return {"task": actions.task_of(context, self.now).model_dump(mode="json", exclude_none=True)}
        if kind == "call_webhook":
            from leadflow.workflows.service import calling

            return {"request": calling.would_call(context, facts)}
        if kind == "run_ai_agent":
            from leadflow.workflows.service import asking

            asked = asking.would_ask(context, facts)
            self.cost += float(context.node.config.get("max_cost") or asked["most_cost"])
            return {"ask": asked}
        if kind == "enrich_lead":
            return {"enrich": self._would_enrich(context)}
        return self._rendered(context)

    def _would_enrich(self, context: actions.Context) -> dict[str, Any]:
        """Whom it would ask about the lead at most, and what that would cost at most."""
        from leadflow.enrichment.service import estimating
        from leadflow.workflows.service import enriching

        wanted = enriching.wanted_of(context)
        estimate = estimating.of_lead(_there(self.lead), wanted)
        limit = wanted["max_cost"]
        estimate["most_cost"] = estimate["max_cost"] if limit is None else min(limit, estimate["max_cost"])
        self.cost += estimate["most_cost"]
        return {**wanted, "calls": estimate["calls"], "most_cost": estimate["most_cost"]}

    def _rendered(self, context: actions.Context) -> dict[str, Any]:
        """The configuration with its templates filled in."""
        from leadflow.core.rendering import render_value

        self.cost += float(context.node.config.get("max_cost") or 0)
        shown: Any = render_value(dict(context.node.config), actions.template_facts(context))
        return {"config": {name: value for name, value in shown.items() if name not in ("retry", "on_error")}}

    def _within_bounds(self, mail: dict[str, Any]) -> dict[str, Any] | None:
        if not mail:
            return None
        self.pages_left -= len(mail["body"].encode())
        return mail if self.pages_left >= 0 else {**mail, "body": None, "cut": True}

    def _note(self, node: rules.ActionNode, status: str, at: datetime | None = None, **more: Any) -> None:
        entry = {
            "action_id": node.id,
            "action_type": node.action_type,
            "status": status,
            "reason": None,
            "at": clock.stamp(at or self.now),
            "until": clock.stamp(self.now),
            "attempt": 1,
            "output": None,
            "error_message": None,
            "would": None,
            "cost": 0.0,
            **more,
        }
        if entry["would"]:
            most = entry["would"].get("ask", entry["would"].get("enrich", {})).get("most_cost")
            is_bounded = "enrich" not in entry["would"] and node.config.get("max_cost")
            entry["cost"] = float(is_bounded or most or 0)
        entry["branch"] = (entry["output"] or {}).get("branch")
        self.trace.append(entry)


def _fails(outcome: SimulatedOutcome, attempt: int) -> bool:
    return outcome.error is not None and (outcome.times is None or attempt <= outcome.times)


def _there(lead: Record | None) -> Record:
    if lead is None:
        raise InvalidInput("lead_id", "this run is not about a lead")
    return lead


def _about(context: actions.Context) -> Mapping[str, Any]:
    if context.lead is None:
        raise NotFound("lead", context.lead_id)
    return context.lead
