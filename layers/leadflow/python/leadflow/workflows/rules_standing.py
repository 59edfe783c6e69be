"""Where a lead stands in a workflow: the gates before a run, and what a run that is under way comes to next.

The gates of triggers are the ones the dispatcher asks of every event; the way ahead is walked by the engine's own
`next_step`, as the lead is now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadflow.core import conditions
from leadflow.core.conditions import Verdict
from leadflow.core.gates import Gate, failed, passed
from leadflow.workflows import rules
from leadflow.workflows.rules import ActionNode, Cursor, Definition

# What happens to a lead once and never again.
_ONCE_EVER = frozenset({"lead_created"})
_OF_THE_EVENT = "trigger."
_SHOWN = ("from", "to", "gte", "form_id", "campaign_id", "template_id")


def in_force(active_from: str, occurred_at: str) -> Gate:
    """Whether the workflow was active already when it happened; both are RFC 3339 with milliseconds."""
    if active_from > occurred_at:
        return failed("trigger", "before_activation", "It happened before the workflow was activated.")
    return passed("trigger")


def not_answered(trigger_type: str, workflow_id: str, cause: Sequence[str]) -> Gate:
    """Whether the event is not the failure of a run that the workflow led to itself: that it does not answer."""
    if trigger_type == "workflow_failed" and workflow_id in cause:
        return failed("trigger", "own_failure", "The workflow led to the run that failed.")
    return passed("trigger")


def fits(trigger_type: str, config: Mapping[str, Any], data: Mapping[str, Any]) -> Gate:
    """Whether an event's own data are what the trigger wants."""
    if not rules.matches(trigger_type, config, data):
        return failed("trigger", "other_event", "The event is not one the trigger asks for.")
    return passed("trigger")


def filtered(
    filters: Mapping[str, Any] | None, lead: Mapping[str, Any] | None, data: Mapping[str, Any] | None, now: datetime
) -> Gate:
    """Whether the trigger's filters hold for the lead; without the event's data it may be unknown."""
    if filters is None:
        return passed("trigger")
    if lead is None:
        return failed("trigger", "lead_gone", "The lead is gone.")
    verdict = conditions.explain(filters, {"lead": lead, "trigger": data or {}}, now)
    holds = verdict.verdict if data is not None else _known(verdict)
    if holds is None:
        return Gate("trigger", "unknown", "depends_on_event", "The filters ask about the event that is to come.")
    if holds:
        return passed("trigger")
    return failed("trigger", "filters_not_met", f"The filters do not hold: {_asked(verdict)}.")


def not_fired(has_fired: bool) -> Gate:
    """Whether a trigger with `once_per_lead` is still to fire for the lead."""
    if has_fired:
        return failed("trigger", "already_fired", "It starts the workflow once per lead, and has done so.")
    return passed("trigger")


def not_erased(is_erased: bool) -> Gate:
    """Whether the person is not erased."""
    if is_erased:
        return failed("lead", "erased", "The person was erased.")
    return passed("lead")


def workflow_active(status: str) -> Gate:
    """Whether runs may begin."""
    if status != "active":
        return failed("workflow", f"workflow_{status}", f"The workflow is {status}, so no run begins.")
    return passed("workflow")


def workflow_of_run(status: str) -> Gate:
    """The same for a run that has begun: pausing stops new ones only."""
    if status == "active":
        return passed("workflow")
    return passed("workflow", f"The workflow is {status}; the run that has begun goes on to its end.")


@dataclass(frozen=True)
class Standing:
    """A trigger in force, and whether it has used up its one time for the lead."""

    trigger_id: str
    trigger_type: str
    config: Mapping[str, Any]
    active_from: str
    has_fired: bool


def trigger_gate(trigger: Standing, lead: Mapping[str, Any], now: datetime) -> Gate:
    """Whether a trigger starts the workflow for the lead now, still can, or cannot."""
    found = _trigger_verdict(trigger, lead, now)
    return found._replace(about=trigger.trigger_id)


def _trigger_verdict(trigger: Standing, lead: Mapping[str, Any], now: datetime) -> Gate:
    filters = trigger.config.get("filters")
    guard = not_fired(trigger.has_fired)
    if guard.fails:
        return guard
    if trigger.trigger_type not in _ONCE_EVER:
        asked = filtered(filters, lead, None, now)
        waiting = f"It waits for {trigger.trigger_type}{_wanted(trigger.config)}."
        return asked if asked.verdict != "pass" else Gate("trigger", "pending", "waiting_for_event", waiting)
    since = in_force(trigger.active_from, str(lead["created_at"]))
    if since.fails:
        return since
    asked = filtered(filters, lead, {"source": lead["source"]}, now)
    detail = "The lead's creation has not been read yet, or the filters did not hold then."
    return asked if asked.fails else Gate("trigger", "unknown", "no_run_began", detail)


def triggers_gate(parts: list[Gate]) -> Gate:
    """All triggers as one gate: any of them is enough."""
    if not parts:
        return Gate("trigger", "pending", "by_hand_only", "The workflow has no trigger; it is run by hand.")
    best = next(part for wanted in ("pending", "unknown", "fail") for part in parts if part.verdict == wanted)
    return best._replace(parts=tuple(parts))


def _wanted(config: Mapping[str, Any]) -> str:
    """What a trigger asks of its event, where that is a word, a number or an id of ours."""
    asked = [f"{name} {config[name]}" for name in _SHOWN if config.get(name) is not None]
    return f" with {' and '.join(asked)}" if asked else ""


def _known(verdict: Verdict) -> bool | None:
    """What a condition comes to whatever the event is; None when that depends on it."""
    if verdict.kind == "leaf":
        return None if (verdict.field or "").startswith(_OF_THE_EVENT) else verdict.verdict
    answers = [_known(part) for part in verdict.parts]
    if verdict.kind == "not":
        return None if answers[0] is None else not answers[0]
    decisive = verdict.kind == "any"
    if decisive in answers:
        return decisive
    return None if None in answers else verdict.verdict


def _asked(verdict: Verdict) -> str:
    """Fields and ops of what decided; not the values, which may be personal."""
    leaves = [leaf for leaf in verdict.deciding() if leaf.kind == "leaf"]
    return ", ".join(dict.fromkeys(f"{leaf.field} {leaf.op}" for leaf in leaves)) or "they are empty"


_SENDING = ("send_email", "send_message")


@dataclass(frozen=True)
class Ahead:
    """What a run comes to next: its next mail or message and when at the earliest, or what is in the way of any.

    `is_reached` says that the run is at that mail already. `held` is the gate of the first mail that is passed over
    when none is left, or of a wait that ends the run.
    """

    mail: ActionNode | None = None
    at: datetime | None = None
    held: Gate | None = None
    is_reached: bool = False


def ahead(
    definition: Definition,
    cursor: Cursor,
    facts: Mapping[str, Any],
    start: datetime,
    *,
    waits_already: bool = False,
) -> Ahead:
    """The way to the next mail or message from a cursor on, as `facts` (`lead`, `trigger`) are now.

    `start` is when the run goes on; `waits_already` says that it is in the wait under the cursor until then. Actions
    on the way are taken to go well, and to leave the lead as it is.
    """
    at, first, held = start, cursor.position, None
    while (step := rules.next_step(definition, cursor, facts, at)) is not None:
        node = step.node
        if step.skip_reason:
            if node.action_type in _SENDING and held is None:
                held = Gate("condition", "fail", "condition_not_met", f"Skipped: {step.skip_reason}.", about=node.id)
            cursor = cursor.passed(definition, node, "skipped")
            continue
        if node.action_type in _SENDING:
            return Ahead(node, at, None, cursor.position == first)
        if node.action_type == "wait" and not (waits_already and cursor.position == first):
            until = rules.wakes_at(node.config, facts["lead"], at)
            if until is None and rules.survives_failure(definition, node):
                cursor = cursor.passed(definition, node, "failed")
                continue
            if until is None:
                return Ahead(held=failed("wait", "no_time", "The lead has no time in the field it waits until."))
            at = until
        cursor = cursor.passed(definition, node, "completed", _output(node, cursor, facts, at))
    return Ahead(held=held)


def _output(node: ActionNode, cursor: Cursor, facts: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    if node.action_type != "condition":
        return {}
    seen = {**facts, "actions": rules.outputs_as_facts(cursor)}
    return {"branch": "yes" if conditions.evaluate(node.config["if"], seen, at) else "no"}


def run_gate(
    status: str | None, *, run_id: str = "", ended_at: str | None = None, wake_at: str | None = None, attempt: int = 1
) -> Gate:
    """Where the lead's newest run stands; `status` None when there is none."""
    if status is None:
        return Gate("run", "pending", "no_run_yet", "No run of the workflow is on record for the lead.")
    if status == "completed":
        return Gate("run", "pass", "run_completed", "The run went to its end.", ended_at, run_id)
    if status in ("failed", "cancelled"):
        return Gate("run", "fail", f"run_{status}", f"The last run is {status}.", ended_at, run_id)
    if wake_at is None:
        return Gate("run", "pass", "under_way", "The run is under way.", None, run_id)
    if attempt > 1:
        return Gate("run", "pending", "retrying", "An action failed and is tried again then.", wake_at, run_id)
    return Gate("run", "pending", "waiting", "The run waits until then.", wake_at, run_id)


def mail_gate(action_id: str, status: str, reason: str | None, at: str | None) -> Gate:
    """What became of a mail in a run, by its log; `reason` is a code, or a sentence about the conditions above it."""
    if status == "completed":
        return Gate("mail", "pass", "accepted", "The provider has the mail.", at, action_id)
    if status == "skipped":
        code = "condition_not_met" if " " in (reason or "") else reason or "skipped"
        return Gate("mail", "fail", code, "The run skipped the mail.", at, action_id)
    return Gate("mail", "fail", "mail_failed", "The mail failed; the log of the action says why.", at, action_id)
