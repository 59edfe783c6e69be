"""Changing and deleting triggers and actions of a draft. Nothing that runs notices before the next activation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leadflow.core.errors import Conflict, InvalidInput
from leadflow.core.table import Record
from leadflow.workflows import rules, store, store_drafts
from leadflow.workflows.service import definitions, drafts

if TYPE_CHECKING:
    from leadflow.workflows.schema import WorkflowActionUpdate, WorkflowTriggerUpdate

# A transaction takes 100 actions, one of them the workflow.
_AT_ONCE = 90
# How many of the actions in the way are named.
_NAMED = 5


def update_trigger(workflow_id: str, trigger_id: str, body: WorkflowTriggerUpdate, if_match: int | None) -> Record:
    """Changes the given fields.

    Raises NotFound, Conflict for an archived workflow, PreconditionFailed, InvalidInput naming what cannot be.
    """
    changes = body.model_dump(exclude_unset=True)

    def decide(_: store.Workflow) -> drafts.Change[store.WorkflowTrigger]:
        item = store_drafts.load_trigger(workflow_id, trigger_id, if_match)
        _keep_type("trigger_type", item.trigger_type, changes)
        _require(changes, "trigger_config", "is_active")
        if "trigger_config" in changes:
            given = _with_secret(item, changes["trigger_config"])
            item.trigger_config = definitions.checked_trigger_config(item.trigger_type, given)
        item.is_active = changes.get("is_active", item.is_active)
        return drafts.Change(item, written=[item])

    return drafts.change(workflow_id, decide).record()


def delete_trigger(workflow_id: str, trigger_id: str, if_match: int | None) -> None:
    """Removes a trigger of the draft. Raises NotFound, Conflict for an archived workflow, PreconditionFailed."""

    def decide(_: store.Workflow) -> drafts.Change[None]:
        return drafts.Change(None, gone=[store_drafts.load_trigger(workflow_id, trigger_id, if_match)])

    drafts.change(workflow_id, decide)


def update_action(workflow_id: str, action_id: str, body: WorkflowActionUpdate, if_match: int | None) -> Record:
    """Changes the given fields; with another parent the action moves, and what is below it with it.

    Raises NotFound, Conflict for an archived workflow, PreconditionFailed, InvalidInput naming what cannot be.
    """
    changes = body.model_dump(exclude_unset=True)

    def decide(_: store.Workflow) -> drafts.Change[store.WorkflowAction]:
        item = store_drafts.load_action(workflow_id, action_id, if_match)
        _keep_type("action_type", item.action_type, changes)
        _require(changes, "action_config", "order")
        if "action_config" in changes:
            item.action_config = definitions.checked_action_config(item.action_type, changes["action_config"])
        item.order = changes.get("order", item.order)
        if "parent_action_id" in changes or "condition" in changes:
            _move(item, changes)
        return drafts.Change(item, written=[item])

    return drafts.change(workflow_id, decide).record()


def delete_action(workflow_id: str, action_id: str, *, cascade: bool, if_match: int | None) -> None:
    """Removes an action of the draft, with `cascade` also all that is below it.

    A large subtree goes from its leaves up, in several transactions; one that was interrupted is a smaller tree.
    Raises NotFound, PreconditionFailed, Conflict for an archived workflow, or naming children that are in the way.
    """
    left = True

    def decide(workflow: store.Workflow) -> drafts.Change[bool]:
        item = store_drafts.load_action(workflow_id, action_id, if_match)
        below = _below(workflow_id, action_id)
        if below and not cascade:
            raise _has_children(action_id, [one.id for one in below if one.parent_action_id == action_id])
        doomed = [*reversed(below), item][:_AT_ONCE]
        workflow.action_count = int(workflow.action_count) - len(doomed)
        return drafts.Change(len(doomed) <= len(below), gone=doomed)

    while left:
        left = drafts.change(workflow_id, decide)


def _with_secret(item: store.WorkflowTrigger, given: dict[str, Any]) -> dict[str, Any]:
    """A trigger's new configuration, with the secret that is never shown unless the caller has a word on it.

    What is shown in its place may come back, from callers who send what they have read.
    """
    if item.trigger_type == "webhook":
        given = {name: value for name, value in given.items() if name != "hmac_secret_set"}
    secret = item.trigger_config.get("hmac_secret")
    return given if secret is None or "hmac_secret" in given else {**given, "hmac_secret": secret}


def _has_children(action_id: str, children: list[str]) -> Conflict:
    named = ", ".join(children[:_NAMED]) + (" …" if len(children) > _NAMED else "")
    return Conflict(
        f"Action {action_id} has actions below it: {named}. Move or delete them first, or ask for ?cascade=true.",
        children[0],
    )


def _below(workflow_id: str, action_id: str) -> list[store.WorkflowAction]:
    """All that stands below an action, parents first."""
    items = {item.id: item for item in store.actions_of(workflow_id)}
    parents = {item.id: item.parent_action_id for item in items.values()}
    walked = rules.in_walking_order([definitions.node_of(item) for item in items.values()])
    return [items[n.id] for n in walked if n.id != action_id and rules.stands_below(parents, n.id, action_id)]


def _move(item: store.WorkflowAction, changes: dict[str, Any]) -> None:
    item.parent_action_id = changes.get("parent_action_id", item.parent_action_id)
    item.condition = changes.get("condition", item.condition)
    others = {other.id: other for other in store.actions_of(item.workflow_id) if other.id != item.id}
    parents = {other.id: other.parent_action_id for other in others.values()}
    if rules.stands_below(parents, item.parent_action_id, item.id):
        raise InvalidInput("parent_action_id", "an action cannot stand below itself")
    definitions.check_place(item.parent_action_id, item.condition, others)


def _keep_type(field: str, present: str, changes: dict[str, Any]) -> None:
    if field in changes and changes[field] != present:
        raise InvalidInput(field, f"stays {present}; delete this one and add another")


def _require(changes: dict[str, Any], *fields: str) -> None:
    for field in fields:
        if field in changes and changes[field] is None:
            raise InvalidInput(field, "must not be null")
