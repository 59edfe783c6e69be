"""Drafting workflows: what is written here changes nothing that runs; `publishing` freezes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from leadflow.core import ids, listing, table
from leadflow.core.errors import InvalidInput
from leadflow.core.table import Record
from leadflow.workflows import rules, store, store_drafts
from leadflow.workflows.service import drafts

if TYPE_CHECKING:
    from pydantic import BaseModel

    from leadflow.workflows.schema import WorkflowActionCreate, WorkflowCreate, WorkflowTriggerCreate, WorkflowUpdate

MAX_TRIGGERS = 40


def create(body: WorkflowCreate, created_by: str | None) -> Record:
    """A new draft."""
    workflow_id = ids.new_id()
    item = store.Workflow(pk=f"WF#{workflow_id}", sk="#META", id=workflow_id, created_by=created_by)
    item.name, item.description = body.name, body.description
    item.is_template, item.template_category = body.is_template, body.template_category
    item.max_runs_per_lead_per_day = body.max_runs_per_lead_per_day
    item.touch()
    item.gsi1pk, item.gsi1sk = "WFS", f"{item.created_at}#{workflow_id}"
    return with_counts([table.create(item)])[0]


def get(workflow_id: str) -> Record:
    """The workflow with its triggers and its actions, each after its parent. Raises NotFound."""
    record = with_counts([store.load(workflow_id)])[0]
    record["triggers"] = [trigger.record() for trigger in store.triggers_of(workflow_id)]
    record["actions"] = _in_order(store.actions_of(workflow_id))
    return record


def list_workflows(limit: int, cursor: str | None, status: str | None) -> dict[str, Any]:
    """Workflows, newest first, of one status or of any."""
    page = store.page_of_workflows(limit, cursor, status)
    counted = store.counters([record["id"] for record in page["items"]])
    page["items"] = [_counted(record, counted.get(record["id"])) for record in page["items"]]
    return page


def update(workflow_id: str, body: WorkflowUpdate, if_match: int | None) -> Record:
    """Changes the given fields.

    Raises NotFound, PreconditionFailed for a stale If-Match, InvalidInput for nulls, Conflict when it is archived.
    """
    changes = body.model_dump(exclude_unset=True)
    for required in ("name", "is_template", "max_runs_per_lead_per_day"):
        if required in changes and changes[required] is None:
            raise InvalidInput(required, "must not be null")
    for _ in drafts.TURNS:
        item = store.load_expected(workflow_id, if_match)
        drafts.require_open(item)
        for name, value in changes.items():
            setattr(item, name, value)
        try:
            table.save(item)
        except table.Stale:
            continue
        return with_counts([item])[0]
    raise drafts.crowded(workflow_id)


def add_trigger(workflow_id: str, body: WorkflowTriggerCreate) -> Record:
    """A new trigger of the draft. Raises InvalidInput naming what its type does not take."""
    trigger_id = ids.new_id()

    def decide(_: store.Workflow) -> drafts.Change[store.WorkflowTrigger]:
        others = {other.id: other for other in store.triggers_of(workflow_id)}
        if trigger_id in others:
            return drafts.Change(others[trigger_id])
        if len(others) >= MAX_TRIGGERS:
            raise InvalidInput("trigger_type", f"a workflow has at most {MAX_TRIGGERS} triggers")
        config = checked_trigger_config(body.trigger_type, body.trigger_config)
        item = store.WorkflowTrigger(pk=f"WF#{workflow_id}", sk=f"TRG#{trigger_id}", id=trigger_id)
        item.workflow_id, item.trigger_type = workflow_id, body.trigger_type
        item.trigger_config, item.is_active = config, body.is_active
        return drafts.Change(item, written=[item])

    return drafts.change(workflow_id, decide).record()


def list_triggers(workflow_id: str, limit: int, cursor: str | None) -> dict[str, Any]:
    store.load(workflow_id)
    records = [item.record() for item in store.triggers_of(workflow_id)]
    return listing.whole(records, limit=limit, cursor=cursor, listing=f"triggers/{workflow_id}")


def add_action(workflow_id: str, body: WorkflowActionCreate) -> Record:
    """A new action of the draft. Raises InvalidInput naming what its type, parent or condition does not take."""
    action_id = ids.new_id()

    def decide(workflow: store.Workflow) -> drafts.Change[store.WorkflowAction]:
        asked = [one for one in (action_id if ids.is_repeated() else None, body.parent_action_id) if one]
        others = store_drafts.actions_among(workflow_id, asked)
        if action_id in others:
            return drafts.Change(others[action_id])
        if workflow.action_count >= rules.MAX_ACTIONS:
            raise InvalidInput("action_type", f"a workflow has at most {rules.MAX_ACTIONS} actions")
        config = checked_action_config(body.action_type, body.action_config)
        check_place(body.parent_action_id, body.condition, others)
        workflow.action_count = int(workflow.action_count) + 1
        item = store.WorkflowAction(pk=f"WF#{workflow_id}", sk=f"ACT#{action_id}", id=action_id)
        item.workflow_id, item.action_type, item.action_config = workflow_id, body.action_type, config
        item.order, item.parent_action_id, item.condition = body.order, body.parent_action_id, body.condition
        return drafts.Change(item, written=[item])

    return drafts.change(workflow_id, decide).record()


def list_actions(workflow_id: str, limit: int, cursor: str | None) -> dict[str, Any]:
    """The actions of the draft, each after its parent, siblings by order."""
    store.load(workflow_id)
    records = _in_order(store.actions_of(workflow_id))
    return listing.whole(records, limit=limit, cursor=cursor, listing=f"actions/{workflow_id}")


def node_of(item: store.WorkflowAction) -> rules.ActionNode:
    """The action as the rules see it."""
    return rules.ActionNode(
        item.id, item.action_type, item.action_config, int(item.order), item.parent_action_id, item.condition
    )


def with_counts(items: list[store.Workflow]) -> list[Record]:
    """The workflows' records with their totals."""
    counted = store.counters([item.id for item in items])
    return [_counted(item.record(), counted.get(item.id)) for item in items]


def _counted(record: Record, counts: store.WorkflowCounters | None) -> Record:
    for name in ("execution_count", "success_count", "failure_count"):
        record[name] = int(getattr(counts, name)) if counts else 0
    record["last_executed_at"] = counts.last_executed_at if counts else None
    return record


def _in_order(items: list[store.WorkflowAction]) -> list[Record]:
    records = {item.id: item.record() for item in items}
    return [records[node.id] for node in rules.in_walking_order([node_of(item) for item in items])]


def checked_trigger_config(trigger_type: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """A trigger's configuration as it is kept. Raises InvalidInput naming what its type does not take."""
    from leadflow.workflows.configs import TRIGGER_CONFIGS

    config = _given(TRIGGER_CONFIGS[trigger_type], given, "trigger_config")
    _check_condition(config.get("filters"), "trigger_config.filters", "TRIGGER_FILTER")
    _check_condition(config.get("audience"), "trigger_config.audience", "AUDIENCE")
    _check_schedule(trigger_type, config)
    return config


def checked_action_config(action_type: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """An action's configuration as it is kept. Raises InvalidInput naming what its type does not take."""
    from leadflow.core.rendering import check_value
    from leadflow.workflows.configs import ACTION_CONFIGS

    config = _given(ACTION_CONFIGS[action_type], given, "action_config")
    check_value(config, "action_config")
    if action_type == "condition":
        _check_condition(config["if"], "action_config.if")
    if action_type == "wait":
        _check_lead_time(config.get("until"))
    if action_type == "update_lead":
        _check_lead_fields(config.get("set", {}))
    if action_type == "create_task":
        _check_task_fields(config)
    return config


def _given(model: type[BaseModel], config: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The configuration as it was given, checked by its model."""
    from leadflow.core.schema import checked

    return checked(model, json.dumps(config), where).model_dump(mode="json", by_alias=True, exclude_unset=True)


def _check_condition(condition: Mapping[str, Any] | None, where: str, place: str = "ACTION") -> None:
    """`place` names the catalog of fields: ACTION, TRIGGER_FILTER or AUDIENCE."""
    from leadflow.core import conditions

    if condition is not None:
        conditions.validate(condition, getattr(conditions, place), where)


def _check_schedule(trigger_type: str, config: dict[str, Any]) -> None:
    if trigger_type == "time_based":
        from leadflow.workflows.service import timing

        timing.check(config, "trigger_config")


def _check_lead_time(until: str | None) -> None:
    """Whether a field that is waited for can hold a time: one of the lead's own, or a custom key."""
    from leadflow.core.conditions import AUDIENCE, FieldType

    if until is None or not until.startswith("lead."):
        return
    field = AUDIENCE.find(until)
    if field is None or field.type not in (FieldType.MOMENT, FieldType.DYNAMIC):
        raise InvalidInput("action_config.until", "must name a time of the lead, as lead.custom.renewal_at does")


def _check_lead_fields(fields: Mapping[str, Any]) -> None:
    """Fields of a lead's update; a text with a placeholder is checked when it is rendered."""
    from leadflow.core.schema import checked
    from leadflow.leads.schema import LeadUpdate

    unknown = [name for name in fields if name not in LeadUpdate.model_fields]
    if unknown:
        raise InvalidInput.many((f"action_config.set.{name}", "is not a field of a lead") for name in unknown)
    plain = {name: value for name, value in fields.items() if "{{" not in json.dumps(value)}
    checked(LeadUpdate, json.dumps(plain), "action_config.set")


def _check_task_fields(config: Mapping[str, Any]) -> None:
    """Words of a task as they are given; those with a placeholder are checked when they are rendered."""
    from leadflow.activities.schema import TaskUpdate
    from leadflow.core.schema import checked

    words = {name: config[name] for name in ("title", "description", "assigned_to") if name in config}
    plain = {name: value for name, value in words.items() if not any(mark in str(value) for mark in ("{{", "{%"))}
    checked(TaskUpdate, json.dumps(plain), "action_config")


def check_place(
    parent_action_id: str | None, condition: Mapping[str, Any] | None, others: Mapping[str, store.WorkflowAction]
) -> None:
    """Where an action is to stand. Raises InvalidInput naming a parent or a branch that cannot be."""
    from leadflow.workflows.configs import Branch

    parent = None
    if parent_action_id is not None:
        parent = others.get(parent_action_id)
        if parent is None:
            raise InvalidInput("parent_action_id", f"this workflow has no action {parent_action_id}")
    branch = None
    if condition and "branch" in condition:
        placed = _given(Branch, condition, "condition")
        branch = placed["branch"]
        _check_condition(placed.get("if"), "condition.if")
    else:
        _check_condition(condition, "condition")
    if branch is not None and parent is None:
        raise InvalidInput("condition.branch", "an action without a parent stands on no branch")
    if branch in ("yes", "no") and parent is not None and parent.action_type != "condition":
        raise InvalidInput("condition.branch", "yes and no are sides of a condition action")
    if branch is None and parent is not None and parent.action_type == "condition":
        raise InvalidInput("condition", 'a child of a condition action names its side: {"branch": "yes"}')
