"""How well a lead fits by what it is, whatever it does: points for conditions over its fields and its enrichment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from leadflow.core import conditions
from leadflow.core.errors import InvalidInput

# What changes without the lead changing: its score follows from the rules, and a version's time says nothing of it.
_NOT_ASKED = ("lead.score", "lead.updated_at")
_MOVING_OP = "within_days"
_ANY_TIME = datetime(2020, 1, 1, tzinfo=UTC)
# Of one list: enough to ask, and small enough for a lead of many parts.
_MOST_OF_A_LIST = 40
# All rules stand in one item, which holds 400 KB.
_MOST_BYTES = 256 * 1024


def check(condition: object, where: str) -> None:
    """Raises InvalidInput naming what is wrong with a condition, also where its answer would change by itself."""
    conditions.validate(condition, conditions.FIT, where)
    for leaf in _leaves(condition):
        if leaf["field"] in _NOT_ASKED:
            raise InvalidInput(where, f"{leaf['field']} cannot be asked here")
        if leaf["op"] == _MOVING_OP:
            raise InvalidInput(where, f"{_MOVING_OP} cannot be asked here: its answer changes by itself")


def check_size(rules: Sequence[Mapping[str, Any]]) -> None:
    """Raises InvalidInput when there is more in the rules than can be kept."""
    if len(json.dumps(rules)) > _MOST_BYTES:
        raise InvalidInput("fit_rules", f"must be at most {_MOST_BYTES // 1024} KB of JSON in ASCII")


def points(
    rules: Sequence[Mapping[str, Any]], lead: Mapping[str, Any], facts: Mapping[str, Any]
) -> list[tuple[str, float]]:
    """The rules that hold, by name with their points. `facts` are the lead's enrichment."""
    known = {"lead": lead, "enrichment": facts}
    return [(rule["name"], rule["points"]) for rule in rules if conditions.evaluate(rule["if"], known, _ANY_TIME)]


def facts_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """What of an enrichment can be asked for: texts, and lists of them cut at 40."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        field = conditions.FIT.find(f"enrichment.{name}")
        if field is not None and value:
            found[name] = list(value)[:_MOST_OF_A_LIST] if isinstance(value, list) else value
    return found


def _leaves(condition: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(condition, Mapping):
        return
    for key in ("all", "any"):
        for part in condition.get(key, ()):
            yield from _leaves(part)
    if "not" in condition:
        yield from _leaves(condition["not"])
    if "field" in condition:
        yield condition
