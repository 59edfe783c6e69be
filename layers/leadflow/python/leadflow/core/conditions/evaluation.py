"""A condition against facts: yes or no, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadflow.core.conditions.operators import holds

Condition = Mapping[str, Any]
Facts = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one part of a condition came to.

    `kind` is all, any, not, leaf, or always (no condition). A leaf repeats its field, op and value; what the person's
    record held is left out on purpose, as it may be personal.
    """

    kind: str
    verdict: bool
    field: str | None = None
    op: str | None = None
    value: object = None
    parts: tuple[Verdict, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """As JSON."""
        if self.kind != "leaf":
            return {"kind": self.kind, "verdict": self.verdict, "parts": [part.as_dict() for part in self.parts]}
        leaf = {"kind": "leaf", "verdict": self.verdict, "field": self.field, "op": self.op}
        return leaf if self.value is None else {**leaf, "value": self.value}

    def deciding(self) -> tuple[Verdict, ...]:
        """The leaves (or empty groups) that made it so, one at least: those that say what the whole says."""
        if not self.parts:
            return (self,)
        decides = self.verdict if self.kind != "not" else not self.verdict
        return tuple(leaf for part in self.parts if part.verdict is decides for leaf in part.deciding())


def evaluate(condition: Condition | None, facts: Facts, now: datetime) -> bool:
    """Whether a validated condition holds; None always does. Never raises for one, whatever the facts are.

    `facts` is nested by the field names: {"lead": {..., "custom": {...}}, "trigger": {...},
    "actions": {id: {"output": ...}}, "steps": {"1": {...}}}; steps may have whole numbers as keys.
    """
    if condition is None:
        return True
    if "all" in condition:
        return all(evaluate(part, facts, now) for part in condition["all"])
    if "any" in condition:
        return any(evaluate(part, facts, now) for part in condition["any"])
    if "not" in condition:
        return not evaluate(condition["not"], facts, now)
    return holds(condition["op"], look_up(facts, condition["field"]), condition.get("value"), now)


def explain(condition: Condition | None, facts: Facts, now: datetime) -> Verdict:
    """The same answer as `evaluate`, with the answer of every part: for skip reasons and simulations."""
    if condition is None:
        return Verdict("always", verdict=True)
    for kind, combine in (("all", all), ("any", any)):
        if kind in condition:
            parts = tuple(explain(part, facts, now) for part in condition[kind])
            return Verdict(kind, verdict=combine(part.verdict for part in parts), parts=parts)
    if "not" in condition:
        inner = explain(condition["not"], facts, now)
        return Verdict("not", verdict=not inner.verdict, parts=(inner,))
    field, op, value = condition["field"], condition["op"], condition.get("value")
    return Verdict("leaf", holds(op, look_up(facts, field), value, now), field, op, value)


def look_up(facts: Facts, path: str) -> object:
    """What a field's path leads to in the facts, None when it leads nowhere."""
    found: object = facts
    segments = path.split(".")
    for index, segment in enumerate(segments):
        if isinstance(found, Mapping):
            whole = ".".join(segments[index:])
            if whole in found:
                return found[whole]
            position = _as_index(segment)
            found = found.get(segment) if segment in found or position is None else found.get(position)
        elif isinstance(found, Sequence) and not isinstance(found, (str, bytes)):
            position = _as_index(segment)
            found = found[position] if position is not None and position < len(found) else None
        else:
            return None
    return found


def _as_index(segment: str) -> int | None:
    return int(segment) if segment.isascii() and segment.isdigit() and len(segment) <= 9 else None
