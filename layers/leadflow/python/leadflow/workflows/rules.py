"""What a workflow does next: the one decision maker of real runs and simulations, pure functions of values and a clock.

A definition is a tree of actions. Roots run by order; an action's children run after it, then its next sibling. A
condition on an action gates it and everything below it. The tree is walked in that order once per run, so where a run
stands is one number, and what it decided on the way is a few small facts: together they are its cursor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from leadflow.core import clock, conditions, windows
from leadflow.core.conditions.evaluation import look_up
from leadflow.core.conditions.operators import as_moment
from leadflow.workflows import rules_outputs

MAX_ACTIONS = 3_000
# Chains of workflows that change leads for each other stop at this depth.
MAX_DEPTH = 5
_LONGEST_BACKOFF = timedelta(hours=1)


@dataclass(frozen=True)
class ActionNode:
    """One action of a frozen definition."""

    id: str
    action_type: str
    config: Mapping[str, Any]
    order: int = 0
    parent_id: str | None = None
    condition: Mapping[str, Any] | None = None

    @property
    def branch(self) -> str | None:
        """The side of its parent the action stands on: yes, no, error, or None for whatever happens."""
        return self.condition.get("branch") if self.condition else None

    @property
    def gate(self) -> Mapping[str, Any] | None:
        """The condition of the condition language that gates the action."""
        if not self.condition:
            return None
        return self.condition.get("if") if "branch" in self.condition else self.condition

    @property
    def on_error(self) -> str:
        return str(self.config.get("on_error", "fail"))


@dataclass(frozen=True)
class Definition:
    """A frozen version: its actions in the order they are walked."""

    workflow_id: str
    version: int
    actions: tuple[ActionNode, ...]

    @cached_property
    def by_id(self) -> dict[str, ActionNode]:
        return {node.id: node for node in self.actions}

    @cached_property
    def position_of(self) -> dict[str, int]:
        return {node.id: position for position, node in enumerate(self.actions)}

    @cached_property
    def _with_error_side(self) -> frozenset[str]:
        return frozenset(str(node.parent_id) for node in self.actions if node.branch == "error")

    @cached_property
    def _last_child(self) -> dict[str, int]:
        """Where the last child of each action stands."""
        return {str(node.parent_id): position for position, node in enumerate(self.actions)}

    @cached_property
    def _last_asked(self) -> dict[str, int]:
        """Where the output of each action is asked for the last time."""
        asked = [rules_outputs.asked_by(node.config, node.condition) for node in self.actions]
        last: dict[str, int] = {}
        for position, names in enumerate(asked):
            last.update(dict.fromkeys(self.by_id if rules_outputs.ANY in names else names, position))
        return last

    def handles_errors_of(self, action_id: str) -> bool:
        """Whether the action has children on its error side."""
        return action_id in self._with_error_side

    def asks_result(self, action_id: str, position: int) -> bool:
        """Whether an action from this position on stands below that one, so that it depends on what became of it."""
        return self._last_child.get(action_id, -1) >= position

    def asks_output(self, action_id: str, position: int) -> bool:
        """Whether an action from this position on names the output of that one in a condition or a template."""
        return self._last_asked.get(action_id, -1) >= position


@dataclass(frozen=True)
class Cursor:
    """Where a run stands.

    `position` is the index of the action under way, `attempt` and `visit` which try of it, `steps` the logs written.
    `results` says of actions walked completed, failed or skipped, `branches` which side a condition took, `outputs`
    what actions gave; each only as long as an action still to come can ask, so that a cursor stays small however long
    the workflow is. `done` names actions still to come that a run which goes on with a newer version has behind it.
    """

    position: int = 0
    attempt: int = 1
    visit: int = 1
    steps: int = 0
    results: dict[str, str] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def passed(
        self, definition: Definition, node: ActionNode, result: str, output: Mapping[str, Any] | None = None
    ) -> Cursor:
        """The cursor after an action has ended as completed, failed or skipped."""
        output, after = dict(output or {}), self.position + 1
        branches = {**self.branches, node.id: output["branch"]} if "branch" in output else self.branches
        outputs = {**self.outputs, node.id: output} if output else self.outputs
        results = {**self.results, node.id: result}
        return replace(
            self,
            position=after,
            attempt=1,
            visit=1,
            steps=self.steps + 1,
            results={one: held for one, held in results.items() if definition.asks_result(one, after)},
            branches={one: side for one, side in branches.items() if definition.asks_result(one, after)},
            outputs=rules_outputs.within_bounds(
                {one: held for one, held in outputs.items() if definition.asks_output(one, after)}
            ),
        )

    def again(self) -> Cursor:
        """The cursor for the next attempt of the same action."""
        return replace(self, attempt=self.attempt + 1)

    def retried(self, *, may_act_again: bool) -> Cursor:
        """The cursor of a failed run that goes on: the action under it is begun anew, with a log entry of its own.

        Unless it `may_act_again` its visit stays, so that its effects are found under the ids they had.
        """
        visit = self.visit + 1 if may_act_again else self.visit
        return replace(self, attempt=1, visit=visit, steps=self.steps + 1)


@dataclass(frozen=True)
class Step:
    """The next action, and why it is skipped when it is."""

    node: ActionNode
    skip_reason: str | None = None


def in_walking_order(nodes: Sequence[ActionNode]) -> tuple[ActionNode, ...]:
    """Roots and children by order then id, each subtree before the next sibling. Actions in a cycle are left out."""
    children: dict[str | None, list[ActionNode]] = {}
    for node in nodes:
        children.setdefault(node.parent_id, []).append(node)
    walked: list[ActionNode] = []
    waiting = sorted(children.get(None, []), key=_sibling_order, reverse=True)
    while waiting:
        node = waiting.pop()
        walked.append(node)
        waiting += sorted(children.get(node.id, []), key=_sibling_order, reverse=True)
    return tuple(walked)


def stands_below(parents: Mapping[str, str | None], action_id: str | None, top_id: str) -> bool:
    """Whether an action is another one or stands anywhere below it; `parents` has no cycle."""
    while action_id is not None and action_id != top_id:
        action_id = parents.get(action_id)
    return action_id == top_id


def next_step(definition: Definition, cursor: Cursor, facts: Mapping[str, Any], now: datetime) -> Step | None:
    """The action under the cursor and whether it runs; None when the run is at its end."""
    if cursor.position >= len(definition.actions):
        return None
    node = definition.actions[cursor.position]
    return Step(node, _skip_reason(node, cursor, facts, now))


def _skip_reason(node: ActionNode, cursor: Cursor, facts: Mapping[str, Any], now: datetime) -> str | None:
    if node.parent_id is not None:
        reason = _branch_reason(node, cursor)
        if reason:
            return reason
    if node.gate and not conditions.evaluate(node.gate, {**facts, "actions": outputs_as_facts(cursor)}, now):
        return "condition not met"
    return None


def _branch_reason(node: ActionNode, cursor: Cursor) -> str | None:
    parent = cursor.results.get(str(node.parent_id))
    if parent is None:
        # Only a run that follows a newer version meets this: the action above came to stand before where it was.
        return "the action above was not part of this run"
    if parent == "skipped":
        return "the action above was skipped"
    if parent == "failed":
        return None if node.branch == "error" else "the action above failed"
    if node.branch == "error":
        return "the action above did not fail"
    taken = cursor.branches.get(str(node.parent_id))
    if node.branch is not None and node.branch != taken:
        return f"the condition above is {taken}" if taken else "the action above took no side"
    return None


def outputs_as_facts(cursor: Cursor) -> dict[str, Any]:
    """The outputs of earlier actions as conditions and templates ask for them: `actions.<id>.output.<name>`."""
    return {action_id: {"output": output} for action_id, output in cursor.outputs.items()}


def leaves_traces(node: ActionNode) -> bool:
    """Whether an action, once begun, leaves something beyond its log: all but deciding and waiting for a time."""
    return node.action_type not in ("condition", "wait") or node.config.get("for_event") is not None


def effect_of(execution_id: str, node: ActionNode, cursor: Cursor) -> tuple[str, ...]:
    """The cause that an effect of this visit of an action is claimed under."""
    return (execution_id, node.id, str(cursor.visit))


def branch_of(node: ActionNode, cursor: Cursor, facts: Mapping[str, Any], now: datetime) -> str:
    """The side a condition action takes: yes or no."""
    held = conditions.evaluate(node.config["if"], {**facts, "actions": outputs_as_facts(cursor)}, now)
    return "yes" if held else "no"


def survives_failure(definition: Definition, node: ActionNode) -> bool:
    """Whether a run goes on after this action failed for good."""
    return node.on_error == "continue" or definition.handles_errors_of(node.id)


def retry_at(
    config: Mapping[str, Any], attempt: int, now: datetime, fraction: float, hold_off: int | None = None
) -> datetime | None:
    """When a failed attempt is repeated: backoff doubling from the action's own, within the upper half at random.

    None when `attempt` was the last one allowed. `fraction` is a random number from 0 to 1. `hold_off` is how many
    seconds the other side wants to be left alone, which is kept to for an hour at most.
    """
    retry = config.get("retry") or {}
    if attempt >= int(retry.get("max_attempts", 4)):
        return None
    pause = timedelta(seconds=int(retry.get("backoff_seconds", 30)))
    longest = min(pause * 2 ** (attempt - 1), _LONGEST_BACKOFF)
    asked = min(timedelta(seconds=hold_off or 0), _LONGEST_BACKOFF)
    return now + max(clock.waiting(longest * (0.5 + fraction / 2)), asked)


def wakes_at(config: Mapping[str, Any], lead: Mapping[str, Any] | None, now: datetime) -> datetime | None:
    """When a wait that begins now is over; None for an `until` that names a field the lead has no time in.

    A date is its midnight in UTC. A time in the past is over at once; a window holds it back until it opens. A wait for
    an event ends then when the event does not come. Durations are scaled by TIME_SCALE in the one-machine mode, times
    and windows are not.
    """
    over = _time_is_up(config, lead, now)
    window = config.get("window")
    if over is None or window is None:
        return over
    return windows.opens_at(window, zone_of(window, lead), over)


def zone_of(window: Mapping[str, Any], lead: Mapping[str, Any] | None) -> ZoneInfo:
    """The window's own zone, or the lead's, or UTC when the lead has none that is known here."""
    name = window.get("timezone", "lead")
    if name == "lead":
        name = (lead or {}).get("timezone")
    return windows.zone(name) or ZoneInfo("UTC")


def _time_is_up(config: Mapping[str, Any], lead: Mapping[str, Any] | None, now: datetime) -> datetime | None:
    if config.get("for_event") is not None:
        return now + clock.waiting(timedelta(hours=int(config.get("timeout_hours") or _EVENT_PATIENCE_HOURS)))
    until = config.get("until")
    if until is None:
        minutes = sum(int(config.get(unit) or 0) * size for unit, size in _UNITS.items())
        return now + clock.waiting(timedelta(minutes=minutes))
    moment = as_moment(look_up({"lead": lead or {}}, until)) if until.startswith("lead.") else clock.parse(until)
    if moment is None or moment >= _END_OF_TIME:
        return None
    return now if moment <= now else moment.astimezone(UTC)


def event_output(until: str, event: str | None = None, data: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What a wait for an event gives: the event and its data, or that the time was up."""
    return {**(data or {}), "until": until, "event": event, "timed_out": event is None}


# How long a wait for an event is that does not say.
_EVENT_PATIENCE_HOURS = 30 * 24
_UNITS = {"minutes": 1, "hours": 60, "days": 1440}
# Years that a lead has in a field by mistake; the calendar must not end while a window is looked for.
_END_OF_TIME = datetime(3000, 1, 1, tzinfo=UTC)


def matches(trigger_type: str, config: Mapping[str, Any], data: Mapping[str, Any]) -> bool:
    """Whether an event's own data fit a trigger's configuration; its `filters` are asked separately."""
    if trigger_type == "lead_status_changed":
        return all(config.get(side) in (None, data.get(side)) for side in ("from", "to"))
    if trigger_type == "form_submitted":
        return config.get("form_id") in (None, data.get("form_id"))
    if trigger_type == "score_threshold":
        return int(data.get("from", 0)) < int(config["gte"]) <= int(data.get("to", 0))
    if trigger_type in ("email_opened", "email_clicked", "email_bounced", "email_replied"):
        named = all(config.get(name) in (None, data.get(name)) for name in ("campaign_id", "template_id", "link"))
        return named and (bool(config.get("include_machine")) or not data.get("machine", False))
    if trigger_type == "message_received":
        wanted = str(config.get("contains") or "").casefold()
        return config.get("channel") in (None, data.get("channel")) and wanted in str(data.get("text", "")).casefold()
    if trigger_type == "workflow_failed":
        return config.get("workflow_id") in (None, data.get("workflow_id"))
    return True


def cycle_of(cause: Sequence[str], workflow_id: str) -> str:
    """The chain of workflows that would go on without end, for people to read."""
    return " → ".join([*cause, workflow_id])


def too_deep(cause: Sequence[str], workflow_id: str) -> str:
    """Why a run does not begin at the end of a chain that is as long as chains may be."""
    return f"Stopped: workflows set each other off {MAX_DEPTH} deep: {cycle_of(cause, workflow_id)}."


def too_many_runs(workflow_id: str, max_runs: int) -> str:
    """Why a run does not begin for a lead that had as many of its workflow as it may on one UTC day."""
    return f"Stopped: workflow {workflow_id} began {max_runs} runs for this lead today (UTC), as many as it may."


def _sibling_order(node: ActionNode) -> tuple[int, str]:
    return node.order, node.id
