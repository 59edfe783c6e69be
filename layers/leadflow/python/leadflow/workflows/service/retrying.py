"""Runs that failed or were cancelled and go on where they stopped."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Literal

from leadflow.core import table
from leadflow.core.errors import Conflict, InvalidInput
from leadflow.core.table import Record
from leadflow.workflows import rules, rules_following, store
from leadflow.workflows.service import following, publishing, recovery

_TRIES = 5
# The action may have done its work: it is asked again under the ids it had, and finds what became of it.
_IN_DOUBT = frozenset({"OutcomeUnknown", "Lost"})


def retry(execution_id: str, version: Literal["pinned", "latest"]) -> Record:
    """Goes on from the action that failed, or that was under way when the run was cancelled; what is done stays done.

    A failed action begins anew with a visit of its own, so that it may act again. One whose outcome is unknown keeps
    its visit: a mail is found under the id it had and never sent a second time by this; a webhook is repeated with the
    same key. A cancelled run goes on with the action under way as if nothing had happened.

    `latest` goes on with the version last published: at the same action or, when that now stands below actions that
    have not been walked, at the highest of these; what was done and comes after it is not done again. Raises NotFound,
    Conflict for a run that runs or was completed, InvalidInput when the latest version has no such action.
    """
    for _ in range(_TRIES):
        execution = store.load_execution(execution_id)
        if execution.status not in ("failed", "cancelled"):
            raise Conflict(f"Execution {execution_id} is {execution.status}; only one that has not succeeded goes on.")
        workflow = store.load(execution.workflow_id)
        if workflow.status == "archived":
            raise Conflict(f"Workflow {workflow.id} is archived.", workflow.id)
        cursor = rules.Cursor(**execution.cursor)
        if execution.status == "failed":
            cursor = cursor.retried(may_act_again=execution.error_name not in _IN_DOUBT)
        if version == "latest":
            cursor = _moved(execution, cursor, int(workflow.version))
            execution.workflow_version = int(workflow.version)
        execution.cursor = asdict(cursor)
        try:
            recovery.go_on(execution)
        except table.Stale:
            continue
        return execution.record()
    raise Conflict(f"Execution {execution_id} is being changed by others just now; try again.", execution_id)


def _moved(execution: store.WorkflowExecution, cursor: rules.Cursor, version: int) -> rules.Cursor:
    """The cursor in another version of the workflow. Raises InvalidInput."""
    before = publishing.definition(execution.workflow_id, int(execution.workflow_version))
    after = publishing.definition(execution.workflow_id, version)
    if cursor.position >= len(before.actions):
        return cursor
    action_id = before.actions[cursor.position].id
    if action_id not in after.by_id:
        raise InvalidInput("version", f"version {version} has no action {action_id} to go on from")
    walked = following.walked(execution, before, cursor)
    start = action_id
    above = after.by_id[action_id].parent_id
    while above is not None and above not in walked.results:
        start, above = above, after.by_id[above].parent_id
    moved = replace(cursor, position=after.position_of[start])
    if start != action_id:
        moved = replace(moved, attempt=1, visit=1, steps=moved.steps + 1)
    return rules_following.remembering(after, moved, walked)
