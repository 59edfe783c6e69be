"""Copies of workflows, which is also how a template is used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from leadflow.core import ids, removal, table
from leadflow.core.table import Record
from leadflow.workflows import rules, store
from leadflow.workflows.service import definitions, drafts

_LONGEST_NAME = 200
# A transaction takes 100 actions and 4 MB; an action is 16 KB of configuration and as much of a condition at most.
_AT_ONCE = 50


def clone(workflow_id: str, name: str | None, created_by: str | None) -> Record:
    """A new draft with the triggers and actions of another workflow, as they were at one moment, under new ids.

    The copy is no template. It is written below its workflow first and the workflow last, so nobody sees half of it.
    Raises NotFound.
    """
    copy_id = ids.new_id()
    if store.find_workflow(copy_id) is None:
        # An earlier try of the same request may have left part of a copy, of another state of the draft.
        removal.remove(removal.keys_under(f"WF#{copy_id}") if ids.is_repeated() else ())
        draft = drafts.read(workflow_id)
        _write([*_triggers(draft, copy_id), *_actions(draft, copy_id)])
        copy = _workflow(draft.workflow, copy_id, name, created_by)
        copy.action_count = len(draft.actions)
        table.create(copy)
    return definitions.get(copy_id)


def _workflow(source: store.Workflow, copy_id: str, name: str | None, created_by: str | None) -> store.Workflow:
    copy = store.Workflow(pk=f"WF#{copy_id}", sk="#META", id=copy_id, created_by=created_by)
    copy.name = name or f"Copy of {source.name}"[:_LONGEST_NAME].rstrip()
    copy.description = source.description
    copy.max_runs_per_lead_per_day = source.max_runs_per_lead_per_day
    copy.touch()
    copy.gsi1pk, copy.gsi1sk = "WFS", f"{copy.created_at}#{copy_id}"
    return copy


def _triggers(draft: drafts.Draft, copy_id: str) -> list[table.Item]:
    return [_trigger(source, copy_id) for source in draft.triggers]


def _trigger(source: store.WorkflowTrigger, copy_id: str) -> store.WorkflowTrigger:
    trigger_id = ids.new_id()
    copy = store.WorkflowTrigger(pk=f"WF#{copy_id}", sk=f"TRG#{trigger_id}", id=trigger_id, workflow_id=copy_id)
    copy.trigger_type, copy.trigger_config = source.trigger_type, source.trigger_config
    copy.is_active = source.is_active
    return copy


def _actions(draft: drafts.Draft, copy_id: str) -> list[table.Item]:
    walked = rules.in_walking_order([definitions.node_of(item) for item in draft.actions])
    # Siblings of one order are walked by their ids, so the copies' ids ascend as they are walked.
    new_ids = dict(zip([node.id for node in walked], sorted(ids.new_id() for _ in walked), strict=True))
    sources = {item.id: item for item in draft.actions}
    return [_action(sources[node.id], copy_id, new_ids) for node in walked]


def _action(source: store.WorkflowAction, copy_id: str, new_ids: Mapping[str, str]) -> store.WorkflowAction:
    action_id = new_ids[source.id]
    copy = store.WorkflowAction(pk=f"WF#{copy_id}", sk=f"ACT#{action_id}", id=action_id, workflow_id=copy_id)
    copy.action_type, copy.order = source.action_type, source.order
    copy.parent_action_id = new_ids.get(str(source.parent_action_id))
    copy.action_config = _rewritten(source.action_config, new_ids)
    copy.condition = _rewritten(source.condition, new_ids)
    return copy


def _rewritten(value: Any, new_ids: Mapping[str, str]) -> Any:
    """A configuration whose references `actions.<id>.output.…` name the copies."""
    if isinstance(value, str):
        return _REFERENCE.sub(lambda found: found[1] + new_ids.get(found[2], found[2]), value)
    if isinstance(value, Mapping):
        return {key: _rewritten(inner, new_ids) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rewritten(inner, new_ids) for inner in value]
    return value


_REFERENCE = re.compile(r"""(\bactions\s*(?:\.\s*|\[\s*["']))(\w+)""")


def _write(items: list[table.Item]) -> None:
    for first in range(0, len(items), _AT_ONCE):
        table.save_together(items[first : first + _AT_ONCE])
