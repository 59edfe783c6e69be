"""Pieces of drafts, changed only together with their workflow, and whether a workflow may go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from leadflow.core import due, table
from leadflow.core.errors import NotFound, PreconditionFailed
from leadflow.workflows import store

PieceT = TypeVar("PieceT", bound=table.Item)


def load_trigger(workflow_id: str, trigger_id: str, version: int | None) -> store.WorkflowTrigger:
    """The trigger, at the version an If-Match names. Raises NotFound, PreconditionFailed."""
    return _expected(table.find(store.WorkflowTrigger, f"WF#{workflow_id}", f"TRG#{trigger_id}"), trigger_id, version)


def load_action(workflow_id: str, action_id: str, version: int | None) -> store.WorkflowAction:
    """The action, at the version an If-Match names. Raises NotFound, PreconditionFailed."""
    return _expected(table.find(store.WorkflowAction, f"WF#{workflow_id}", f"ACT#{action_id}"), action_id, version)


def actions_among(workflow_id: str, action_ids: Iterable[str]) -> dict[str, store.WorkflowAction]:
    """Those of these actions that the draft has, by id: as many reads as ids, however many actions there are."""
    keys = [(f"WF#{workflow_id}", f"ACT#{one}") for one in action_ids]
    return {found.id: found for found in table.find_many(store.WorkflowAction, keys)}


def _expected(found: PieceT | None, record_id: str, version: int | None) -> PieceT:
    if found is None:
        raise NotFound("trigger or action", record_id)
    if version is not None and found.v != version:
        raise PreconditionFailed(f"{record_id} has changed since it was read.")
    return found


def write_draft(workflow: store.Workflow, written: Sequence[table.Item], gone: Sequence[table.Item]) -> None:
    """Changes a draft in one transaction with its workflow, whose version says which state of the draft it is.

    Raises table.TransactionRefused, having done nothing, when any of them has changed since it was read.
    """
    workflow.touch()
    with table.transaction() as writes:
        for item in gone:
            writes.delete(item)
        writes.save(workflow)
        for item in written:
            item.touch()
            writes.save(item)


def a_run_of(workflow_id: str) -> store.WorkflowExecution | None:
    """Some run of the workflow that has not ended. One that began a moment ago may be missed."""
    running = due.waiting(store.WorkflowExecution, "execution")
    return next((one for one in running if one.workflow_id == workflow_id and one.status == "running"), None)
