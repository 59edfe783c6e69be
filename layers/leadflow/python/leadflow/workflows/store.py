"""Items of workflows and how they are reached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, ListAttribute, NumberAttribute, UnicodeAttribute

from leadflow.core import ids, links, listing, table, timeline
from leadflow.core.errors import NotFound, PreconditionFailed
from leadflow.core.secrets import keyed_hash

# A part of a version's definition; DynamoDB takes items of 400 KB.
_PART = 300_000
_MAC_BYTES = 24
# How many runs of one workflow begin for one lead on a UTC day, unless the workflow says otherwise.
DEFAULT_RUNS_PER_DAY = 50


class Workflow(table.Item, discriminator="Workflow"):
    """The workflow itself; its version `v` moves with every change of its triggers and actions as well.

    pk `WF#<id>`  sk `#META`  GSI1 `WFS` / `<created_at>#<id>`

    `followed_version` is the newest version that runs of earlier ones go on with, 0 while there is none;
    `action_count` is how many actions the draft has.
    """

    record_fields = (
        *("id", "name", "description", "status", "is_template", "template_category", "created_by", "version"),
        *("max_runs_per_lead_per_day", "created_at", "updated_at"),
    )

    id = UnicodeAttribute()
    name = UnicodeAttribute()
    description = UnicodeAttribute(null=True)
    status = UnicodeAttribute(default="draft")
    is_template = BooleanAttribute(default=False)
    template_category = UnicodeAttribute(null=True)
    created_by = UnicodeAttribute(null=True)
    version = NumberAttribute(default=0)
    followed_version = NumberAttribute(default=0)
    max_runs_per_lead_per_day = NumberAttribute(default=DEFAULT_RUNS_PER_DAY)
    action_count = NumberAttribute(default=0)

    def counted_as(self) -> dict[str, str]:
        return {"status": self.status}


class WorkflowCounters(table.Item, discriminator="WorkflowCounters"):
    """Totals of a workflow's runs, apart from it so that counting never disturbs an edit.

    pk `WF#<id>`  sk `#COUNT`
    """

    execution_count = NumberAttribute(default=0)
    success_count = NumberAttribute(default=0)
    failure_count = NumberAttribute(default=0)
    last_executed_at = UnicodeAttribute(null=True)


class WorkflowTrigger(table.Item, discriminator="WorkflowTrigger"):
    """A trigger of the draft. A secret in its configuration is never shown, only that there is one.

    pk `WF#<workflow>`  sk `TRG#<id>`
    """

    record_fields = (*("id", "workflow_id", "trigger_type", "trigger_config", "is_active", "created_at", "updated_at"),)

    id = UnicodeAttribute()
    workflow_id = UnicodeAttribute()
    trigger_type = UnicodeAttribute()
    trigger_config = JSONAttribute(default=dict)
    is_active = BooleanAttribute(default=True)

    def record(self) -> table.Record:
        shown = super().record()
        shown["url"] = None
        if self.trigger_type == "webhook":
            config = dict(self.trigger_config)
            config["hmac_secret_set"] = config.pop("hmac_secret", None) is not None
            shown["trigger_config"] = config
            shown["url"] = f"{links.public_url()}/hooks/{hook_token(self.id)}"
        return shown


class WorkflowAction(table.Item, discriminator="WorkflowAction"):
    """pk `WF#<workflow>`  sk `ACT#<id>`"""

    record_fields = (
        *("id", "workflow_id", "action_type", "action_config", "order", "parent_action_id", "condition"),
        *("created_at", "updated_at"),
    )

    id = UnicodeAttribute()
    workflow_id = UnicodeAttribute()
    action_type = UnicodeAttribute()
    action_config = JSONAttribute(default=dict)
    order = NumberAttribute(default=0)
    parent_action_id = UnicodeAttribute(null=True)
    condition = JSONAttribute(null=True)


class VersionPart(table.Item, discriminator="VersionPart"):
    """A piece of an immutable version's definition as JSON text, in order.

    pk `WF#<workflow>`  sk `V#<version, 6 digits>#<part, 3 digits>`
    """

    text = UnicodeAttribute()


class ActiveTrigger(table.Item, discriminator="ActiveTrigger"):
    """A trigger in force: one entry of the trigger index.

    pk `TRGIDX#<trigger type>`  sk `<workflow>#<trigger>#<version>`
    """

    workflow_id = UnicodeAttribute()
    trigger_id = UnicodeAttribute()
    version = NumberAttribute()
    config = JSONAttribute(default=dict)
    active_from = UnicodeAttribute()
    max_runs = NumberAttribute(default=DEFAULT_RUNS_PER_DAY)


class TriggerRevision(table.Item, discriminator="TriggerRevision"):
    """Counts changes of the trigger index, so that readers know when what they hold is old.

    pk `TRGIDX`  sk `#REV`
    """

    revision = NumberAttribute(default=0)


class WorkflowExecution(table.Item, discriminator="WorkflowExecution"):
    """One run, with its cursor: all that is needed to go on from the table alone.

    pk `WX#<id>`  sk `#META`  GSI1 `WXW#<workflow>` / `<id>`  GSI2 `LEAD#<lead>` / `WX#<id>`
    GSI3 due-index, kind `execution`, while running

    `run` numbers the state machine executions that carried it (a lost one is followed by the next number) and
    `segments` counts the calls of the present one, `cursor` is what `rules.Cursor` holds, `wake_at` is set while it
    waits (with `waiter_sk` when it is for an event), `lost` counts losses since the last progress, `retries` how often
    it went on after it had ended, `error_name` is the error it failed with, `delivery` the `HookDelivery` it began by.
    """

    record_fields = (
        *("id", "workflow_id", "workflow_version", "trigger_type", "trigger_id", "trigger_data", "lead_id", "status"),
        *("started_at", "completed_at", "error_message", "created_at"),
    )

    id = UnicodeAttribute()
    workflow_id = UnicodeAttribute()
    workflow_version = NumberAttribute()
    trigger_type = UnicodeAttribute()
    trigger_id = UnicodeAttribute(null=True)
    trigger_data = JSONAttribute(default=dict)
    lead_id = UnicodeAttribute(null=True)
    status = UnicodeAttribute(default="running")
    started_at = UnicodeAttribute()
    completed_at = UnicodeAttribute(null=True)
    error_message = UnicodeAttribute(null=True)
    cause = ListAttribute(of=UnicodeAttribute, default=list)
    delivery = UnicodeAttribute(null=True)
    cursor = JSONAttribute(default=dict)
    run = NumberAttribute(default=1)
    segments = NumberAttribute(default=0)
    wake_at = UnicodeAttribute(null=True)
    lease_until = UnicodeAttribute(null=True)
    host_id = UnicodeAttribute(null=True)
    lost = NumberAttribute(default=0)
    waiter_sk = UnicodeAttribute(null=True)
    retries = NumberAttribute(default=0)
    error_name = UnicodeAttribute(null=True)

    counts_when_gone = True

    def counted_as(self) -> dict[str, str]:
        return {"status": self.status}


class ExecutionLog(table.Item, discriminator="ExecutionLog"):
    """One attempt of one action in a run: the claim on it, and what became of it.

    pk `WX#<execution>`  sk `LOG#<step, 6 digits>#<attempt, 3 digits>`
    """

    record_fields = (
        *("id", "execution_id", "workflow_version", "action_id", "action_type", "status", "attempt", "visit", "reason"),
        *("input_data", "output_data", "error_message", "duration_ms", "created_at"),
    )

    id = UnicodeAttribute()
    execution_id = UnicodeAttribute()
    workflow_version = NumberAttribute()
    action_id = UnicodeAttribute()
    action_type = UnicodeAttribute()
    status = UnicodeAttribute()
    attempt = NumberAttribute()
    visit = NumberAttribute(default=1)
    reason = UnicodeAttribute(null=True)
    input_data = JSONAttribute(null=True)
    output_data = JSONAttribute(null=True)
    error_message = UnicodeAttribute(null=True)
    duration_ms = NumberAttribute(null=True)


class CountedMark(table.Item, discriminator="CountedMark"):
    """That one event of a run is in the workflow's totals: it is counted once however often the change is read.

    pk `WX#<execution>`  sk `CNT#<started|completed|failed|retried>[#<retries>]`
    """


class OncePerLead(table.Item, discriminator="OncePerLead"):
    """That a trigger with `once_per_lead` has started for a lead.

    pk `ONCE#<trigger>#<lead>`  sk `#`
    """


class RunsOfDay(table.Item, discriminator="RunsOfDay"):
    """How many runs of a workflow began for a lead on a UTC day; kept for two days.

    pk `RUNS#<workflow>#<lead>`  sk `<day>`
    """

    runs = NumberAttribute(default=0)


def find_workflow(workflow_id: str) -> Workflow | None:
    return table.find(Workflow, f"WF#{workflow_id}", "#META")


def load(workflow_id: str) -> Workflow:
    workflow = find_workflow(workflow_id)
    if workflow is None:
        raise NotFound("workflow", workflow_id)
    return workflow


def load_expected(workflow_id: str, version: int | None) -> Workflow:
    """The workflow, at the version an If-Match names. Raises PreconditionFailed at another."""
    workflow = load(workflow_id)
    if version is not None and workflow.v != version:
        raise PreconditionFailed("The workflow has changed since it was read.")
    return workflow


def counters(workflow_ids: list[str]) -> dict[str, WorkflowCounters]:
    found = table.find_many(WorkflowCounters, [(f"WF#{one}", "#COUNT") for one in workflow_ids])
    return {item.pk.removeprefix("WF#"): item for item in found}


def triggers_of(workflow_id: str) -> list[WorkflowTrigger]:
    return table.query_items(WorkflowTrigger, f"WF#{workflow_id}", prefix="TRG#", newest_first=False)


def actions_of(workflow_id: str) -> list[WorkflowAction]:
    return table.query_items(WorkflowAction, f"WF#{workflow_id}", prefix="ACT#", newest_first=False)


def page_of_workflows(limit: int, cursor: str | None, status: str | None) -> dict[str, Any]:
    return listing.page(
        Workflow,
        "GSI1",
        ["WFS"],
        limit=limit,
        cursor=cursor,
        listing=f"workflows?status={status}",
        keep=(lambda item: item.status == status) if status else None,
    )


def version_parts(workflow_id: str, version: int, text: str) -> list[VersionPart]:
    """The items that hold a version's definition, not yet written."""
    pieces = [text[start : start + _PART] for start in range(0, len(text), _PART)]
    return [
        VersionPart(pk=f"WF#{workflow_id}", sk=f"V#{version:06d}#{number:03d}", text=piece)
        for number, piece in enumerate(pieces)
    ]


def version_text(workflow_id: str, version: int) -> str:
    """The definition of a version as it was frozen. Raises NotFound."""
    parts = table.query_items(VersionPart, f"WF#{workflow_id}", prefix=f"V#{version:06d}#", newest_first=False)
    if not parts:
        raise NotFound("workflow version", f"{workflow_id}/{version}")
    return "".join(part.text for part in parts)


def trigger_revision() -> int:
    found = table.find(TriggerRevision, "TRGIDX", "#REV")
    return int(found.revision) if found else 0


def hook_token(trigger_id: str) -> str:
    """The last part of a hook's address: the trigger's id and what nobody but us can make of it."""
    return f"{trigger_id}.{keyed_hash('hook', trigger_id, size=_MAC_BYTES)}"


def active_triggers(trigger_type: str) -> list[ActiveTrigger]:
    return table.query_items(ActiveTrigger, f"TRGIDX#{trigger_type}", prefix="", newest_first=False)


def triggers_in_force(keys: Iterable[tuple[str, str]]) -> list[ActiveTrigger]:
    """Of these entries of the trigger index those that are there."""
    return table.find_many(ActiveTrigger, keys)


def fired_once(trigger_ids: Iterable[str], lead_ids: Sequence[str]) -> set[str]:
    """Those of these triggers that have used up their one time for a lead, by the ids of all its parts."""
    keys = [(f"ONCE#{one}#{lead_id}", "#") for one in trigger_ids for lead_id in lead_ids]
    found = table.find_many(OncePerLead, keys)
    return {guard.pk.split("#")[1] for guard in found}


def newest_logs(execution_id: str, limit: int) -> list[ExecutionLog]:
    """The last logs of a run, newest first."""
    return table.query_items(ExecutionLog, f"WX#{execution_id}", prefix="LOG#", limit=limit)


def find_execution(execution_id: str) -> WorkflowExecution | None:
    return table.find(WorkflowExecution, f"WX#{execution_id}", "#META")


def load_execution(execution_id: str) -> WorkflowExecution:
    execution = find_execution(execution_id)
    if execution is None:
        raise NotFound("execution", execution_id)
    return execution


def is_unchanged(execution: WorkflowExecution) -> bool:
    """Whether a run is stored as it was read."""
    found = find_execution(execution.id)
    return found is not None and found.v == execution.v


def executions_before(lead_id: str, before: str | None, limit: int) -> list[WorkflowExecution]:
    """Runs for a lead beyond a position of its timeline, newest first."""
    after = None if before is None else f"WX#{timeline.id_bound(before)}"
    return timeline.indexed(WorkflowExecution, "GSI2", f"LEAD#{lead_id}", "WX#", after, limit)


def new_log(execution: WorkflowExecution, step: int, attempt: int, visit: int) -> ExecutionLog:
    """The log of an attempt with its keys, without its action and outcome, not yet written."""
    return ExecutionLog(
        pk=f"WX#{execution.id}",
        sk=f"LOG#{step:06d}#{attempt:03d}",
        id=f"{execution.id}.{step}.{attempt}",
        execution_id=execution.id,
        workflow_version=execution.workflow_version,
        attempt=attempt,
        visit=visit,
    )


def runs_of_day_key(execution: WorkflowExecution) -> tuple[str, str]:
    """Where the runs of its workflow for its lead are counted on the UTC day of what began this one."""
    return f"RUNS#{execution.workflow_id}#{execution.lead_id}", f"{ids.moment_of(execution.id):%Y-%m-%d}"


def logs_of(execution_id: str) -> list[ExecutionLog]:
    return table.query_items(ExecutionLog, f"WX#{execution_id}", prefix="LOG#", newest_first=False)


def new_execution(**fields: Any) -> WorkflowExecution:
    """An execution with its keys, not yet written. `fields` are its attributes; `id` is made when not given."""
    fields.setdefault("id", ids.new_id())
    execution = WorkflowExecution(pk=f"WX#{fields['id']}", sk="#META", **fields)
    execution.gsi1pk, execution.gsi1sk = f"WXW#{execution.workflow_id}", execution.id
    if execution.lead_id:
        execution.gsi2pk, execution.gsi2sk = f"LEAD#{execution.lead_id}", f"WX#{execution.id}"
    return execution
