"""Changing and reading drafts as a whole.

Whatever is written below a workflow goes into one transaction with the workflow itself, on the condition of the version
that was read. So a version of the workflow names exactly one state of its draft: what activation freezes and cloning
copies is consistent, and of two edits that make no sense together (a cycle, a child of what is being deleted) the
second is decided anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from leadflow.core import table
from leadflow.core.errors import Conflict, RateLimited
from leadflow.core.turns import Turns
from leadflow.workflows import store, store_drafts

T = TypeVar("T")

TURNS = Turns(8, longest_pause_seconds=0.5)


@dataclass(frozen=True)
class Change(Generic[T]):
    """What an edit came to: its result, and what is to be written and deleted for it; neither when it is done."""

    result: T
    written: Sequence[table.Item] = ()
    gone: Sequence[table.Item] = ()


@dataclass(frozen=True)
class Draft:
    """A workflow with the triggers and actions that it had at one moment."""

    workflow: store.Workflow
    triggers: list[store.WorkflowTrigger]
    actions: list[store.WorkflowAction]


def change(workflow_id: str, decide: Callable[[store.Workflow], Change[T]]) -> T:
    """Edits a draft; `decide` reads what it needs, and again when someone else was faster.

    Raises NotFound, Conflict for an archived workflow, RateLimited under a crowd of edits, and what `decide` raises.
    """
    for _ in TURNS:
        workflow = store.load(workflow_id)
        require_open(workflow)
        decided = decide(workflow)
        if not decided.written and not decided.gone:
            return decided.result
        try:
            store_drafts.write_draft(workflow, decided.written, decided.gone)
        except table.TransactionRefused:
            continue
        return decided.result
    raise crowded(workflow_id)


def read(workflow_id: str) -> Draft:
    """The draft as it was at one moment. Raises NotFound, RateLimited when edits never pause."""
    for _ in TURNS:
        workflow = store.load(workflow_id)
        draft = Draft(workflow, store.triggers_of(workflow_id), store.actions_of(workflow_id))
        if store.load(workflow_id).v == workflow.v:
            return draft
    raise crowded(workflow_id)


def require_open(workflow: store.Workflow) -> None:
    """Raises Conflict for an archived workflow."""
    if workflow.status == "archived":
        raise Conflict(f"Workflow {workflow.id} is archived; clone it to go on with a copy.", workflow.id)


def crowded(workflow_id: str) -> RateLimited:
    return RateLimited(f"Workflow {workflow_id} is being changed by many requests at once.")
