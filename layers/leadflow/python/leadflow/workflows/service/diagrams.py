"""Diagrams of drafts and of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from leadflow.core.errors import InvalidInput
from leadflow.workflows import rules, rules_drawing, rules_labels, rules_layout, store
from leadflow.workflows.rules_drawing import Label, Picture
from leadflow.workflows.service import definitions, drafts, publishing

# Opened by itself, the picture may load and run nothing.
_HEADERS = {
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
_TYPES = {"svg": "image/svg+xml", "mermaid": "text/plain; charset=utf-8"}
_SHOWN_TRIGGERS = 4
# A skipped action of these was still on the way of the run.
_ON_THE_WAY = "condition not met"


@dataclass(frozen=True)
class Drawn:
    """A diagram as it is answered."""

    body: str
    content_type: str
    headers: dict[str, str] = field(default_factory=lambda: dict(_HEADERS))


def draw(workflow_id: str, form: str, execution_id: str | None) -> Drawn:
    """The draft, or with a run the version it is on, its path and how its actions ended. `form` is svg or mermaid.

    Raises NotFound for the workflow or the run, InvalidInput for a run of another workflow.
    """
    picture = _of_draft(workflow_id) if execution_id is None else _of_run(workflow_id, execution_id)
    text = rules_drawing.to_svg(picture) if form == "svg" else rules_drawing.to_mermaid(picture)
    return Drawn(text, _TYPES[form])


def _of_draft(workflow_id: str) -> Picture:
    draft = drafts.read(workflow_id)
    walked = rules.in_walking_order([definitions.node_of(item) for item in draft.actions])
    active = [item for item in draft.triggers if item.is_active]
    lines = [rules_labels.about_trigger(item.trigger_type, item.trigger_config) for item in active]
    if len(lines) > _SHOWN_TRIGGERS:
        lines = [*lines[: _SHOWN_TRIGGERS - 1], f"and {len(lines) - _SHOWN_TRIGGERS + 1} more"]
    labels = {node.id: _label(node) for node in walked}
    labels[rules_layout.START] = Label("When", tuple(lines or ["run by hand"]))
    labels[rules_layout.END] = Label("End")
    return _picture(draft.workflow.name, walked, labels)


def _of_run(workflow_id: str, execution_id: str) -> Picture:
    workflow = store.load(workflow_id)
    execution = store.load_execution(execution_id)
    if execution.workflow_id != workflow_id:
        raise InvalidInput("execution_id", "is a run of another workflow")
    walked = publishing.definition(workflow_id, int(execution.workflow_version)).actions
    tries: dict[str, list[store.ExecutionLog]] = {}
    for log in store.logs_of(execution_id):
        tries.setdefault(log.action_id, []).append(log)
    labels = {node.id: _label(node, tries.get(node.id, ()), execution.wake_at) for node in walked}
    begun = (rules_labels.words(execution.trigger_type), f"version {int(execution.workflow_version)}")
    labels[rules_layout.START] = Label("When", begun, "completed")
    ended = execution.status if execution.status in ("completed", "failed") else None
    labels[rules_layout.END] = Label("End", (execution.status,), ended)
    last = {action_id: logs[-1] for action_id, logs in tries.items()}
    return _picture(workflow.name, walked, labels, last, execution.status == "completed")


def _picture(
    name: str,
    walked: Sequence[rules.ActionNode],
    labels: Mapping[str, Label],
    last: Mapping[str, store.ExecutionLog] | None = None,
    is_completed: bool = False,
) -> Picture:
    placed = rules_layout.layout(walked, rules_drawing.box_height(list(labels.values())))
    if last is None:
        return Picture(name, placed, labels)
    met = {action_id for action_id, log in last.items() if log.status != "skipped" or log.reason == _ON_THE_WAY}
    met |= {rules_layout.START, *([rules_layout.END] if is_completed else [])}
    taken = frozenset(
        (line.source, line.side, line.target)
        for line in placed.lines
        if line.source in met and line.target in met and _leaves_by(last.get(line.source), line.side)
    )
    return Picture(name, placed, labels, taken)


def _leaves_by(log: store.ExecutionLog | None, side: str | None) -> bool:
    if log is None or side is None:
        return True
    return log.status == "failed" if side == "error" else (log.output_data or {}).get("branch") == side


def _label(node: rules.ActionNode, tries: Sequence[store.ExecutionLog] = (), wake_at: str | None = None) -> Label:
    lines = [rules_labels.about_action(node.action_type, node.config)]
    if node.gate:
        lines.append(f"only if {rules_labels.sentence(node.gate)}")
    if not tries:
        return Label(rules_labels.words(node.action_type), tuple(line for line in lines if line))
    lines.append(_outcome(tries, wake_at))
    return Label(rules_labels.words(node.action_type), tuple(line for line in lines if line), tries[-1].status)


def _outcome(tries: Sequence[store.ExecutionLog], wake_at: str | None) -> str:
    last = tries[-1]
    if last.status == "skipped":
        return f"skipped: {last.reason}"
    if last.status == "running" and wake_at:
        return f"waits until {wake_at[:16].replace('T', ' ')} UTC"
    parts = [last.status, rules_labels.duration(sum(float(log.duration_ms or 0) for log in tries))]
    if last.status == "failed" and last.error_message:
        parts.append(last.error_message.split(":")[0])
    if len(tries) > 1:
        parts.append(f"{len(tries)} tries")
    return " · ".join(parts)
