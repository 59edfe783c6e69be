"""Why a workflow does or does not do something for a lead: the gates of triggers, run and mail, without doing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leadflow.campaigns import service as campaigns
from leadflow.core import clock
from leadflow.core.gates import Gate
from leadflow.leads import service as leads
from leadflow.workflows import rules, store
from leadflow.workflows import rules_standing as standing
from leadflow.workflows.service import publishing

# A lead's newest runs, of all workflows, that are looked through for one of this workflow; and the newest logs of it.
_RUNS = 100
_LOGS = 100
_FREE = Gate("workflow", "pass", "nothing_holds_it_back", "Every gate is open.")


@dataclass(frozen=True)
class Explanation:
    """The gates in the order a run meets them; `otherwise` is what there is to say when all are open.

    `next_planned_at` is when the run goes on, `next_mail_at` when its next mail goes out at the earliest (RFC 3339).
    """

    gates: list[Gate]
    otherwise: Gate = _FREE
    execution_id: str | None = None
    next_planned_at: str | None = None
    next_mail_at: str | None = None


def explain(workflow_id: str, lead_id: str, lead: Mapping[str, Any] | None) -> Explanation:
    """Where a lead stands in a workflow; of one that is gone only what the workflow itself says.

    Reads a bounded number of items and writes nothing. Raises NotFound for the workflow.
    """
    workflow = store.load(workflow_id)
    if lead is None:
        return Explanation([standing.workflow_active(workflow.status)])
    lead_ids = leads.known_as(lead_id)
    run = _newest_run(workflow_id, lead_ids)
    if run is not None and run.status == "running":
        return _of_a_run_under_way(workflow, run, lead)
    began = [_trigger_of(run)] if run else [_triggers(workflow, lead, lead_ids)] if workflow.status == "active" else []
    gates = [standing.workflow_active(workflow.status), *began]
    if run is not None:
        ended = standing.run_gate(run.status, run_id=run.id, ended_at=run.completed_at)
        return Explanation([*gates, *_mails_of(run), ended], ended, run.id)
    gates.append(standing.run_gate(None))
    if workflow.version:
        facts = {"lead": lead, "trigger": {}}
        definition = publishing.definition(workflow_id, int(workflow.version))
        found = standing.ahead(definition, rules.Cursor(), facts, clock.now())
        gates += _gates_ahead(found, lead, None)
    return Explanation(gates)


def _of_a_run_under_way(workflow: store.Workflow, run: store.WorkflowExecution, lead: Mapping[str, Any]) -> Explanation:
    """A run that has begun goes on to its end, whatever became of the workflow and its triggers."""
    definition = publishing.definition(run.workflow_id, int(run.workflow_version))
    cursor = rules.Cursor(**run.cursor)
    planned = run.wake_at or clock.now_stamp()
    waits = run.wake_at is not None and cursor.attempt == 1
    facts = {"lead": lead, "trigger": run.trigger_data}
    found = standing.ahead(definition, cursor, facts, clock.parse(planned), waits_already=waits)
    cause = rules.effect_of(run.id, found.mail, cursor) if found.mail and found.is_reached else None
    where = standing.run_gate(run.status, run_id=run.id, wake_at=run.wake_at, attempt=cursor.attempt)
    gates = [standing.workflow_of_run(workflow.status), _trigger_of(run), where, *_gates_ahead(found, lead, cause)]
    mail_at = clock.stamp(found.at) if found.at else None
    return Explanation(gates, _FREE, run.id, planned, mail_at)


def _newest_run(workflow_id: str, lead_ids: Sequence[str]) -> store.WorkflowExecution | None:
    """The newest run that is under way, else the newest."""
    found = [run for lead_id in lead_ids for run in store.executions_before(lead_id, None, _RUNS)]
    runs = [run for run in sorted(found, key=lambda run: run.id, reverse=True) if run.workflow_id == workflow_id]
    return next((run for run in runs if run.status == "running"), runs[0] if runs else None)


def _trigger_of(run: store.WorkflowExecution) -> Gate:
    return Gate("trigger", "pass", "fired", f"Run by {run.trigger_type}.", run.started_at, run.trigger_id)


def _triggers(workflow: store.Workflow, lead: Mapping[str, Any], lead_ids: Sequence[str]) -> Gate:
    """The triggers in force, for a lead without a run on record."""
    in_force = store.triggers_in_force(publishing.index_keys(workflow))
    fired = store.fired_once([one.trigger_id for one in in_force if one.config.get("once_per_lead")], lead_ids)
    parts = [
        standing.Standing(
            trigger_id=one.trigger_id,
            trigger_type=one.pk.removeprefix("TRGIDX#"),
            config=one.config,
            active_from=one.active_from,
            has_fired=one.trigger_id in fired,
        )
        for one in sorted(in_force, key=lambda one: one.trigger_id)
    ]
    return standing.triggers_gate([standing.trigger_gate(part, lead, clock.now()) for part in parts])


def _gates_ahead(found: standing.Ahead, lead: Mapping[str, Any], cause: tuple[str, ...] | None) -> list[Gate]:
    """The gates of the mail that comes next; that there is a lead has been said."""
    if found.mail is None:
        return [found.held] if found.held else []
    config = found.mail.config
    if found.mail.action_type == "send_message":
        from leadflow.workflows.service import messaging

        return [gate._replace(about=found.mail.id) for gate in messaging.gates(config, lead)]
    sender = config.get("from")
    if sender and "{" in sender:
        # It is filled in with what the run holds then.
        sender = None
    asked = campaigns.gates_of_mail(lead, template_id=config["template_id"], sender=sender, cause=cause)
    return [gate._replace(about=found.mail.id) for gate in asked if gate.gate != "lead"]


def _mails_of(run: store.WorkflowExecution) -> list[Gate]:
    """What became of the mails of a run that is over, in the order they came."""
    logs = [log for log in store.newest_logs(run.id, _LOGS) if log.action_type in ("send_email", "send_message")]
    last = {log.action_id: log for log in reversed(logs)}
    return [standing.mail_gate(log.action_id, log.status, log.reason, log.updated_at) for log in last.values()]
