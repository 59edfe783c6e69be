"""Publishing: checks everything, freezes an immutable version and puts its triggers in force, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from leadflow.core import clock, seams, table
from leadflow.core.errors import Conflict, InvalidInput, LeadflowError
from leadflow.core.table import Record
from leadflow.workflows import rules, rules_outputs, store
from leadflow.workflows.service import drafts
from leadflow.workflows.service.definitions import node_of, with_counts

# A transaction takes 4 MB and 100 actions.
_MAX_PARTS = 8


def activate(workflow_id: str, running: str = "pin") -> Record:
    """Publishes the draft, as it is at one moment, as a new version that starts new runs from now on.

    Runs under way keep their version (`running` is "pin") or go on with the new one from where they stand ("follow").
    Raises InvalidInput naming each trigger or action that cannot work, Conflict for an archived workflow or a
    template, RateLimited when it is changed all the time.
    """
    active_from = clock.now_stamp()

    def decide(workflow: store.Workflow) -> list[table.Item]:
        drafts.require_open(workflow)
        if workflow.is_template:
            raise Conflict(f"Workflow {workflow_id} is a template; clone it and activate the copy.", workflow_id)
        triggers = [trigger for trigger in store.triggers_of(workflow_id) if trigger.is_active]
        actions = store.actions_of(workflow_id)
        _check(actions)
        held = {one.trigger_id: one for one in store.triggers_in_force(index_keys(workflow))}
        workflow.version = int(workflow.version) + 1
        workflow.status = "active"
        if running == "follow":
            workflow.followed_version = workflow.version
        entries = [_entry(workflow, trigger, _since(trigger, held, active_from)) for trigger in triggers]
        return [*_frozen(workflow, triggers, actions), *entries]

    return _published(workflow_id, decide)


def _since(trigger: store.WorkflowTrigger, held: Mapping[str, store.ActiveTrigger], now: str) -> str:
    """From when on a trigger holds: from now, or since it came into force as it is, for what nobody has read yet."""
    before = held.get(trigger.id)
    return str(before.active_from) if before is not None and before.config == trigger.trigger_config else now


def pause(workflow_id: str) -> Record:
    """Stops new runs; those that run go on to their end. Raises Conflict when the workflow is not active."""

    def decide(workflow: store.Workflow) -> list[table.Item]:
        if workflow.status != "active":
            raise Conflict(f"Workflow {workflow_id} is {workflow.status}, not active.", workflow_id)
        workflow.status = "paused"
        return []

    return _published(workflow_id, decide)


def archive(workflow_id: str) -> Record:
    """Puts a workflow away for good: no edits, no new runs; those that run go on to their end.

    Raises Conflict when it is archived already.
    """

    def decide(workflow: store.Workflow) -> list[table.Item]:
        drafts.require_open(workflow)
        workflow.status = "archived"
        return []

    return _published(workflow_id, decide)


def definition(workflow_id: str, version: int) -> rules.Definition:
    """A frozen version; kept once read, since it never changes. Raises NotFound."""

    def read() -> rules.Definition:
        content = json.loads(store.version_text(workflow_id, version))
        nodes = [rules.ActionNode(**fields) for fields in content["actions"]]
        return rules.Definition(workflow_id, version, rules.in_walking_order(nodes))

    return seams.current().remember(f"version:{workflow_id}:{version}", read)


def _check(actions: list[store.WorkflowAction]) -> None:
    errors: list[tuple[str, str]] = []
    if not actions:
        errors.append(("actions", "a workflow needs at least one action"))
    walked = {node.id for node in rules.in_walking_order([node_of(action) for action in actions])}
    known = {action.id for action in actions}
    for action in actions:
        errors += _action_errors(action, action.id in walked)
        errors += _reference_errors(action, known)
    if errors:
        raise InvalidInput.many(errors)


def _action_errors(action: store.WorkflowAction, reachable: bool) -> Iterable[tuple[str, str]]:
    where = f"actions.{action.id}"
    if not reachable:
        yield where, "its parent is missing or the actions form a cycle"
    if action.action_type == "run_ai_agent":
        yield from _agent_errors(where, action.action_config["agent"])
    elif action.action_type == "send_email":
        yield from _mail_errors(where, action.action_config["template_id"])
    elif action.action_type == "send_message":
        yield from _message_errors(where, action.action_config)


def _reference_errors(action: store.WorkflowAction, known: set[str]) -> Iterable[tuple[str, str]]:
    """What the action says of outputs of actions that are not there."""
    for field, value in (("action_config", action.action_config), ("condition", action.condition)):
        for missing in sorted(rules_outputs.references(value) - known):
            yield f"actions.{action.id}.{field}", f"names action {missing}, which this workflow does not have"


def _agent_errors(where: str, name: str) -> Iterable[tuple[str, str]]:
    from leadflow.workflows.service import agents

    if not agents.is_ready(name):
        yield f"{where}.action_config.agent", f"there is no active agent {name}"


def _mail_errors(where: str, template_id: str) -> Iterable[tuple[str, str]]:
    from leadflow.campaigns import service as campaigns
    from leadflow.channels import service as channels

    try:
        campaigns.require_template(template_id)
    except LeadflowError as error:
        yield f"{where}.action_config.template_id", error.detail
    if channels.active_email_channel() is None:
        yield where, "there is no active email channel"


def _message_errors(where: str, config: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    from leadflow.channels import service as channels

    if not channels.is_ready(config["channel"], config.get("channel_id")):
        which = "no such" if config.get("channel_id") else "no"
        yield f"{where}.action_config.channel", f"there is {which} active channel for {config['channel']}"


def _frozen(
    workflow: store.Workflow, triggers: list[store.WorkflowTrigger], actions: list[store.WorkflowAction]
) -> list[store.VersionPart]:
    content: dict[str, Any] = {
        "triggers": [{"id": trigger.id, "trigger_type": trigger.trigger_type} for trigger in triggers],
        "actions": [_frozen_action(action) for action in actions],
    }
    parts = store.version_parts(workflow.id, int(workflow.version), json.dumps(content, separators=(",", ":")))
    if len(parts) > _MAX_PARTS:
        raise InvalidInput("actions", "the configurations are larger than 2.4 MB together")
    return parts


def _frozen_action(action: store.WorkflowAction) -> dict[str, Any]:
    node = node_of(action)
    return {
        "id": node.id,
        "action_type": node.action_type,
        "config": node.config,
        "order": node.order,
        "parent_id": node.parent_id,
        "condition": node.condition,
    }


def _entry(workflow: store.Workflow, trigger: store.WorkflowTrigger, active_from: str) -> store.ActiveTrigger:
    if trigger.trigger_type == "time_based":
        from leadflow.workflows.service import timing

        return timing.timetable(workflow, trigger, active_from)
    return store.ActiveTrigger(
        pk=f"TRGIDX#{trigger.trigger_type}",
        sk=f"{workflow.id}#{trigger.id}#{int(workflow.version)}",
        workflow_id=workflow.id,
        trigger_id=trigger.id,
        version=workflow.version,
        config=trigger.trigger_config,
        active_from=active_from,
        max_runs=workflow.max_runs_per_lead_per_day,
    )


def index_keys(workflow: store.Workflow) -> set[tuple[str, str]]:
    """The index entries that the last published version may have."""
    if not workflow.version:
        return set()
    version = int(workflow.version)
    content = json.loads(store.version_text(workflow.id, version))
    return {(f"TRGIDX#{one['trigger_type']}", f"{workflow.id}#{one['id']}#{version}") for one in content["triggers"]}


def _published(workflow_id: str, decide: Callable[[store.Workflow], Sequence[table.Item]]) -> Record:
    """Changes the workflow and the triggers in force as `decide` says, and again when someone else was faster."""
    for _ in drafts.TURNS:
        workflow = store.load(workflow_id)
        before = index_keys(workflow)
        added = decide(workflow)
        try:
            _commit(workflow, added, before)
        except table.TransactionRefused:
            continue
        return with_counts([workflow])[0]
    raise drafts.crowded(workflow_id)


def _commit(workflow: store.Workflow, puts: Sequence[table.Item], gone: set[tuple[str, str]]) -> None:
    # Only who publishes needs it: versions are read from here by many.
    from leadflow.workflows.service import timing

    revision = store.TriggerRevision(pk="TRGIDX", sk="#REV")
    timetables = timing.going(gone)
    workflow.touch()
    with table.transaction() as writes:
        for key in sorted(gone):
            writes.delete(store.ActiveTrigger(pk=key[0], sk=key[1]), add_version_condition=False)
        writes.save(workflow)
        for item in puts:
            item.touch()
            writes.save(item, condition=table.Item.pk.does_not_exist())
        writes.update(
            revision,
            [store.TriggerRevision.revision.add(1), store.TriggerRevision.kind.set(store.TriggerRevision)],
            add_version_condition=False,
        )
    timing.tell(timetables, puts)
