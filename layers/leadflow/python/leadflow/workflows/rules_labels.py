"""What diagrams say of triggers, actions and conditions: short texts for people, without secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

_OPERATORS = {
    "eq": "is",
    "ne": "is not",
    "gt": ">",
    "gte": "≥",
    "lt": "<",
    "lte": "≤",
    "in": "is one of",
    "not_in": "is none of",
    "contains": "contains",
    "not_contains": "does not contain",
    "starts_with": "starts with",
    "ends_with": "ends with",
    "exists": "has a value",
    "not_exists": "has no value",
    "before": "is before",
    "after": "is after",
    "within_days": "is within days",
}
# What is shown of a trigger besides its type; a secret is not among it.
_OF_TRIGGERS = ("from", "to", "form_id", "campaign_id", "template_id", "link", "gte", "schedule", "channel", "contains")


def words(identifier: str) -> str:
    """`send_email` as `Send email`."""
    return identifier.replace("_", " ").capitalize().replace(" ai ", " AI ")


def about_trigger(trigger_type: str, config: Mapping[str, Any]) -> str:
    """One line on a trigger: its type and what narrows it."""
    details = [f"{name} {_shown(config[name])}" for name in _OF_TRIGGERS if config.get(name) is not None]
    return ", ".join([words(trigger_type), *details])


def about_action(action_type: str, config: Mapping[str, Any]) -> str:
    """One line on what an action does. Of an address that is called it shows the host alone, since paths hold keys."""
    if action_type == "condition":
        return sentence(config.get("if") or {})
    if action_type == "wait":
        return _about_wait(config)
    if action_type == "update_lead":
        return _about_update(config)
    if action_type == "call_webhook":
        return f"{config.get('method', 'POST')} {urlsplit(str(config.get('url', ''))).hostname or ''}"
    names = ("template_id", "channel", "title", "agent", "content", "template", "prompt", "sources", "fields")
    return ", ".join(_shown(config[name]) for name in names if config.get(name))


def sentence(condition: Mapping[str, Any]) -> str:
    """A condition of the condition language as people read it."""
    for name, joint in (("all", " and "), ("any", " or ")):
        if name in condition:
            parts = [_inner(one) for one in condition[name]]
            return joint.join(parts) or ("always" if name == "all" else "never")
    if "not" in condition:
        return f"not {_inner(condition['not'])}"
    value = _shown(condition["value"]) if condition.get("value") is not None else ""
    operator = str(condition.get("op", ""))
    return f"{condition.get('field', '')} {_OPERATORS.get(operator, operator)} {value}".strip().removeprefix("lead.")


def duration(milliseconds: float) -> str:
    """A time an action took, in the unit that suits it."""
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.1f} min"


def _inner(condition: Mapping[str, Any]) -> str:
    several = any(len(condition.get(name, ())) > 1 for name in ("all", "any"))
    return f"({sentence(condition)})" if several else sentence(condition)


def _about_wait(config: Mapping[str, Any]) -> str:
    if config.get("until"):
        return f"until {config['until']}"
    if config.get("for_event"):
        return f"for {config['for_event']}"
    given = [(int(config.get(unit) or 0), unit) for unit in ("days", "hours", "minutes")]
    return " ".join(f"{count} {unit if count != 1 else unit[:-1]}" for count, unit in given if count)


def _about_update(config: Mapping[str, Any]) -> str:
    parts = [f"set {', '.join(config['set'])}"] if config.get("set") else []
    parts += [f"tag {_shown(config['add_tags'])}"] if config.get("add_tags") else []
    parts += [f"untag {_shown(config['remove_tags'])}"] if config.get("remove_tags") else []
    return "; ".join(parts)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence):
        return ", ".join(_shown(one) for one in value)
    return json.dumps(value, ensure_ascii=False)
