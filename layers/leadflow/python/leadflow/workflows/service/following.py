"""Runs that go on with a newer version of their workflow, and runs whose workflow is gone.

The workflow names the newest version that earlier runs follow, so a run that sleeps for months needs no message: it
looks when it wakes.
"""

from __future__ import annotations

from dataclasses import asdict

from leadflow.core import table
from leadflow.workflows import rules, rules_following, store
from leadflow.workflows.rules_following import Walked
from leadflow.workflows.service import publishing, waiting


class Lost(Exception):
    """The run cannot go on; its text says why, for people."""


def catch_up(execution: store.WorkflowExecution) -> list[table.Item]:
    """Puts a run that is about to go on onto the version it is to follow; gives what is to be written with it.

    Raises Lost when its workflow is gone or the new version does not say where the run stands.
    """
    workflow = store.find_workflow(execution.workflow_id)
    if workflow is None:
        raise Lost("The workflow was deleted.")
    present, followed = int(execution.workflow_version), int(workflow.followed_version)
    if followed <= present:
        return []
    cursor = rules.Cursor(**execution.cursor)
    old, new = (publishing.definition(workflow.id, version) for version in (present, followed))
    move = rules_following.follow(old, new, cursor, walked(execution, old, cursor))
    if move is None:
        raise Lost(f"Version {followed} has none of the actions of version {present}, so where to go on is not known.")
    logs = [] if move.dropped is None else [_closed(execution, cursor, move.dropped, followed)]
    if move.dropped is not None:
        waiting.end(execution)
        execution.waiter_sk = None
    execution.workflow_version, execution.cursor = followed, asdict(move.cursor)
    return logs


def walked(execution: store.WorkflowExecution, present: rules.Definition, cursor: rules.Cursor) -> Walked:
    """What became of the actions the run has walked, by its logs; the one it stands at is not among them."""
    found = table.query_items(store.ExecutionLog, execution.pk, prefix="LOG#", newest_first=False)
    last = {log.action_id: log for log in found if log.status in ("completed", "failed", "skipped")}
    if cursor.position < len(present.actions):
        last.pop(present.actions[cursor.position].id, None)
    outputs = {one: dict(log.output_data) for one, log in last.items() if log.output_data}
    return Walked(
        results={one: _result(log) for one, log in last.items()},
        branches={one: str(output["branch"]) for one, output in outputs.items() if "branch" in output},
        outputs=outputs,
    )


def _result(log: store.ExecutionLog) -> str:
    """As the engine has it: an action that looked and did nothing has completed, one that was not met is skipped."""
    return "completed" if log.status == "skipped" and log.input_data is not None else str(log.status)


def _closed(
    execution: store.WorkflowExecution, cursor: rules.Cursor, node: rules.ActionNode, followed: int
) -> table.Item:
    """The log of the action that the run stood at and that is no more."""
    log = store.new_log(execution, cursor.steps, cursor.attempt, cursor.visit)
    log = table.find(store.ExecutionLog, log.pk, log.sk) or log
    log.action_id, log.action_type = node.id, node.action_type
    log.status, log.reason = "skipped", f"version {followed} does not have this action"
    log.duration_ms = log.duration_ms or 0
    return log
