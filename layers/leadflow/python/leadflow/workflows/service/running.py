"""The engine: carries a run from its cursor to its next wait or its end, one segment per call.

Each action is claimed by its log entry, done, and committed together with the cursor in one transaction. A call that
dies on any line is followed by another that finds the log entry and the ledger of effects as they were, so an action
is done again only as far as nothing of it had happened.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from leadflow.core import clock, due, effects, seams, table
from leadflow.core.errors import LeadflowError
from leadflow.core.observability import logger
from leadflow.core.settings import settings
from leadflow.leads import service as leads
from leadflow.workflows import rules, rules_following, rules_outbound, rules_outputs, store, store_waiting
from leadflow.workflows.service import actions, cancelling, following, publishing, recovery

# One call stops after this long or this many actions and is called again.
SEGMENT_SECONDS = 60
SEGMENT_ACTIONS = 50
# A state machine execution fails at 25,000 events of history. One call and the wait after it are 9 of them (five of
# the task, two of the choice, two of the wait) and each repetition of a call by the platform 3 more.
MAX_SEGMENTS = 2_000
# How long after its time an unattended run is somebody's to pick up.
PATIENCE = timedelta(minutes=2)
SHORTEST_PATIENCE = timedelta(seconds=5)


def run_segment(execution_id: str, run: int) -> dict[str, Any]:
    """What the state machine does next: `{"next": "wait" | "continue" | "done" | "failed", "wait_until"?}`.

    `run` is the number of the state machine execution that asks; one that was given up for lost gets `done`.
    """
    execution = store.find_execution(execution_id)
    if execution is None or int(execution.run) != run:
        return {"next": "done"}
    if execution.status != "running":
        cancelling.tidy(execution)
        return {"next": "done"}
    now = clock.now()
    if execution.wake_at and clock.parse(execution.wake_at) > now:
        return _wait_for(execution.wake_at)
    if effects.is_held(execution.lease_until, execution.host_id):
        return _wait_for(execution.lease_until)
    try:
        if int(execution.segments) >= MAX_SEGMENTS:
            recovery.hand_over(execution)
            return {"next": "done"}
        try:
            logs = following.catch_up(execution)
        except following.Lost as lost:
            recovery.give_up(execution, str(lost))
            return {"next": "failed"}
        _lease(execution, logs)
        return _Segment(execution).carry_on()
    except (table.Stale, table.TransactionRefused):
        # Somebody else moved this run meanwhile; what they left is read afresh.
        return {"next": "continue"}


def _lease(execution: store.WorkflowExecution, logs: Sequence[table.Item] = ()) -> None:
    execution.lease_until = effects.lease_end()
    execution.host_id = settings().host_id or None
    execution.wake_at = None
    execution.segments = int(execution.segments) + 1
    due.mark(execution, "execution", execution.lease_until, execution.id)
    if logs:
        table.save_together([execution, *logs])
    else:
        table.save(execution)


def _wait_for(moment: str) -> dict[str, Any]:
    return {"next": "wait", "wait_until": moment}


class _Segment:
    """One call's work on one run, under its lease."""

    def __init__(self, execution: store.WorkflowExecution) -> None:
        self.execution = execution
        self.definition = publishing.definition(execution.workflow_id, int(execution.workflow_version))
        self.cursor = rules.Cursor(**execution.cursor)
        self.lead: Mapping[str, Any] | None = leads.find(execution.lead_id) if execution.lead_id else None

    def carry_on(self) -> dict[str, Any]:
        started = time.monotonic()
        begun = self._begun()
        for _ in range(SEGMENT_ACTIONS):
            self.cursor = rules_following.past_walked(self.definition, self.cursor)
            step = rules.next_step(self.definition, self.cursor, self._facts(), clock.now())
            if step is None:
                return self._end("completed")
            if step.skip_reason and begun is None:
                self._skip(step)
                continue
            answer = self._act(step.node, begun or self._claim(step.node))
            begun = None
            if answer is not None:
                return answer
            if time.monotonic() - started > SEGMENT_SECONDS:
                break
        self._commit([], lease=None)
        return {"next": "continue"}

    def _begun(self) -> store.ExecutionLog | None:
        """The log of the action under the cursor, if an earlier call began it; one that began is not gated again."""
        log = store.new_log(self.execution, self.cursor.steps, self.cursor.attempt, self.cursor.visit)
        found = table.find(store.ExecutionLog, log.pk, log.sk)
        if found is not None:
            # It is ended when the run was cancelled at this action and goes on.
            found.status, found.reason, found.error_message = "running", None, None
        return found

    def _facts(self) -> dict[str, Any]:
        return {"lead": self.lead or {}, "trigger": self.execution.trigger_data}

    def _skip(self, step: rules.Step) -> None:
        log = self._new_log(step.node)
        log.status, log.reason, log.duration_ms = "skipped", step.skip_reason, 0
        self.cursor = self.cursor.passed(self.definition, step.node, "skipped")
        self._commit([log])

    def _act(self, node: rules.ActionNode, log: store.ExecutionLog) -> dict[str, Any] | None:
        """One action under its log; None when the run goes on at once."""
        started = time.perf_counter()
        context = actions.Context(self.execution, self.cursor, node, self.lead, log.output_data or {})
        try:
            result = actions.perform(context)
        except LeadflowError as error:
            return self._failed(node, log, error, _milliseconds(log, started))
        log.duration_ms = _milliseconds(log, started)
        try:
            return self._carried_out(node, log, result)
        except table.TransactionRefused:
            if result.waiter is None or not store.is_unchanged(self.execution):
                raise
            # What was waited for happened at this very moment: the waiter holds it now.
            return self._act(node, self._begun() or self._claim(node))

    def _carried_out(
        self, node: rules.ActionNode, log: store.ExecutionLog, result: actions.Result
    ) -> dict[str, Any] | None:
        if result.wait_until is not None:
            log.output_data = dict(result.output) or None
            return self._pause(log, result.wait_until, result.waiter)
        output = rules_outputs.bounded(result.output)
        log.output_data = output or None
        log.status, log.reason = ("skipped", result.skip_reason) if result.skip_reason else ("completed", None)
        before = self.cursor
        self.cursor = before.passed(self.definition, node, "completed", output)
        self.execution.waiter_sk = None
        try:
            self._commit([log], gone=result.waiter)
        except table.TransactionRefused:
            self.cursor = before
            raise
        if result.lead_changed:
            self.lead = result.lead or leads.find(str(self.execution.lead_id))
        return None

    def _claim(self, node: rules.ActionNode) -> store.ExecutionLog:
        """The log of an action that begins; written at once where the action leaves traces outside of it."""
        log = self._new_log(node)
        log.status, log.input_data = "running", {"config": rules_outbound.shown_config(node.config)}
        if not rules.leaves_traces(node):
            return log
        try:
            return table.create(log)
        except table.AlreadyThere as there:
            raise table.Stale(log.pk) from there

    def _new_log(self, node: rules.ActionNode) -> store.ExecutionLog:
        log = store.new_log(self.execution, self.cursor.steps, self.cursor.attempt, self.cursor.visit)
        log.action_id, log.action_type = node.id, node.action_type
        return log

    def _pause(
        self, log: store.ExecutionLog, until: datetime, waiter: store_waiting.Waiter | None = None
    ) -> dict[str, Any]:
        self.execution.wake_at = clock.stamp(until)
        self.execution.waiter_sk = waiter.sk if waiter else None
        lease = self.execution.lease_until
        try:
            self._commit([log], lease=None, held=waiter)
        except table.TransactionRefused:
            self.execution.wake_at, self.execution.lease_until = None, lease
            raise
        return _wait_for(self.execution.wake_at)

    def _failed(
        self, node: rules.ActionNode, log: store.ExecutionLog, error: LeadflowError, duration_ms: float
    ) -> dict[str, Any] | None:
        log.status, log.duration_ms = "failed", duration_ms
        log.error_message = f"{type(error).__name__}: {error.detail}"
        logger().warning("action failed", execution_id=self.execution.id, action_id=node.id, error=type(error).__name__)
        if error.retryable:
            fraction = int.from_bytes(seams.current().entropy(2)) / 0xFFFF
            hold_off = getattr(error, "retry_after_seconds", None)
            at = rules.retry_at(node.config, self.cursor.attempt, clock.now(), fraction, hold_off)
            if at is not None:
                self.cursor = self.cursor.again()
                return self._pause(log, at)
        if not rules.survives_failure(self.definition, node):
            # The cursor stays at the action, for a retry of the run to go on there.
            self.execution.error_name = type(error).__name__
            return self._end("failed", log)
        self.cursor = self.cursor.passed(self.definition, node, "failed")
        self._commit([log])
        return None

    def _end(self, status: str, log: store.ExecutionLog | None = None) -> dict[str, Any]:
        self.execution.status, self.execution.completed_at = status, clock.now_stamp()
        if log is not None:
            self.execution.error_message = f"{log.action_type} {log.action_id}: {log.error_message}"
        self._commit([log] if log else [], lease=None)
        return {"next": "failed" if status == "failed" else "done"}

    def _commit(
        self,
        logs: list[store.ExecutionLog],
        lease: str | None = "keep",
        *,
        held: store_waiting.Waiter | None = None,
        gone: store_waiting.Waiter | None = None,
    ) -> None:
        """The cursor and what was logged on the way, in one transaction; `lease` None lets go of the run.

        A waiter that is `held` or `gone` must be as it was read. Raises table.TransactionRefused.
        """
        execution = self.execution
        execution.cursor, execution.lost = asdict(self.cursor), 0
        if lease is None:
            execution.lease_until = None
        if execution.status == "running":
            at = execution.lease_until or _patient(execution.wake_at)
            due.mark(execution, "execution", at, execution.id)
        else:
            due.clear(execution)
        table.save_together([execution, *logs, *([held] if held else [])], [gone] if gone else [])


def _patient(wake_at: str | None) -> str:
    """When a run that nobody holds is overdue."""
    moment = clock.parse(wake_at) if wake_at else clock.now()
    return clock.stamp(moment + max(clock.waiting(PATIENCE), SHORTEST_PATIENCE))


def _milliseconds(log: store.ExecutionLog, started: float) -> float:
    """What the action has taken in all: what earlier calls took and this one."""
    return round(float(log.duration_ms or 0) + (time.perf_counter() - started) * 1000, 1)
