"""What changes of runs mean to the triggers of workflows."""

from __future__ import annotations

from leadflow.core import table
from leadflow.core.events import DomainEvent
from leadflow.workflows import rules, store


def events_of(old: table.Item | None, new: table.Item | None, change_id: str) -> list[DomainEvent]:
    """`workflow_failed {execution_id, workflow_id, error}` each time a run fails; `error` is the error's name alone.

    The event carries the chain that led to the run, its own workflow last. A chain that is as deep as chains may be
    says nothing more, so that what answers failures cannot keep it going.
    """
    if not isinstance(new, store.WorkflowExecution) or new.status != "failed":
        return []
    if isinstance(old, store.WorkflowExecution) and old.status == "failed":
        return []
    chain = (*(str(one) for one in new.cause), str(new.workflow_id))
    if len(chain) >= rules.MAX_DEPTH:
        return []
    data = {"execution_id": new.id, "workflow_id": new.workflow_id, "error": new.error_name}
    at = str(new.completed_at)
    return [DomainEvent("workflow_failed", f"{change_id}#workflow_failed", new.lead_id, at, data, chain)]
