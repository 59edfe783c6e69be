"""Deleting workflows. The records of their runs stay with the leads they were about."""

from __future__ import annotations

from leadflow.core import removal, table
from leadflow.core.errors import Conflict
from leadflow.workflows import store, store_drafts
from leadflow.workflows.service import drafts


def delete(workflow_id: str, if_match: int | None) -> None:
    """Removes a workflow with its triggers, actions and versions.

    It is archived first and goes last, so a deletion that was interrupted is finished by the next one, and nobody
    activates it meanwhile. A run that begins at this very moment ends failed and says why.
    Raises NotFound, PreconditionFailed, Conflict while it is active or has runs under way (naming one).
    """
    for _ in drafts.TURNS:
        workflow = store.load_expected(workflow_id, if_match)
        _require_idle(workflow)
        try:
            if workflow.status != "archived":
                workflow.status = "archived"
                table.save(workflow)
            removal.remove(key for key in removal.keys_under(workflow.pk) if key[1] != workflow.sk)
            return table.remove(workflow)
        except table.Stale:
            continue
    raise drafts.crowded(workflow_id)


def _require_idle(workflow: store.Workflow) -> None:
    if workflow.status == "active":
        raise Conflict(f"Workflow {workflow.id} is active; pause or archive it first.", workflow.id)
    run = store_drafts.a_run_of(workflow.id)
    if run is not None:
        raise Conflict(
            f"Execution {run.id} of workflow {workflow.id} is running; cancel what runs or wait for its end first.",
            run.id,
        )
