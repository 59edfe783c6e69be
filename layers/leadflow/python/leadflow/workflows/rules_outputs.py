"""What actions gave, kept within bounds: which outputs later actions ask for, and what becomes of very large ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from leadflow.core import rendering
from leadflow.core.errors import InvalidInput

# One output as JSON, and all that a run carries along as the table holds it; DynamoDB takes items of 400 KB.
MAX_OUTPUT_BYTES = 32_000
MAX_OUTPUTS_BYTES = 200_000
# Stands for every action: a template that asks for outputs in a way that cannot be told beforehand.
ANY = "*"
_SHOWN = 500


def asked_by(config: Mapping[str, Any], condition: Mapping[str, Any] | None) -> frozenset[str]:
    """Ids of the actions whose outputs an action's conditions and templates name; ANY when that cannot be told."""
    return frozenset(_asked([config, condition or {}]))


def _asked(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _asked(one)
    elif isinstance(value, list):
        for one in value:
            yield from _asked(one)
    elif isinstance(value, str) and "actions" in value:
        yield from _named(value)


def _named(text: str) -> Iterator[str]:
    """Of a text that is a field of a condition, or a template."""
    if not _is_template(text):
        root, _, rest = text.partition(".")
        if root == "actions" and rest:
            yield rest.split(".")[0]
        return
    try:
        names = rendering.variables(text)
    except InvalidInput:
        # It cannot be rendered either.
        return
    for name in names:
        root, _, rest = name.partition(".")
        if root == "actions":
            yield rest.split(".")[0] if rest else ANY


def references(value: Mapping[str, Any] | None) -> set[str]:
    """Ids of the actions that a configuration or a condition names for certain: by templates, and by fields of
    conditions, which stand under `field`, in a configuration below `if`."""
    config = value or {}
    in_templates = {name for text in _texts(config) if _is_template(text) for name in _named(text)}
    gate = config if any(name in config for name in ("field", *_COMBINED)) else config.get("if")
    return (in_templates | {name for field in _fields(gate) for name in _named(field)}) - {ANY}


_COMBINED = ("all", "any", "not")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(one)


def _fields(condition: Any) -> Iterator[str]:
    """The fields that a condition asks for."""
    if not isinstance(condition, Mapping):
        return
    if isinstance(condition.get("field"), str):
        yield condition["field"]
    inner = condition.get("not")
    for part in (*condition.get("all", ()), *condition.get("any", ()), *([inner] if inner else [])):
        yield from _fields(part)


def _is_template(text: str) -> bool:
    return "{{" in text or "{%" in text


def size_of(value: Any) -> int:
    """Bytes of the value as JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def stored_size_of(value: Any) -> int:
    """Bytes it takes in the table, where JSON is kept in ASCII and any other letter takes six."""
    return len(json.dumps(value))


def bounded(output: Mapping[str, Any], limit: int = MAX_OUTPUT_BYTES) -> dict[str, Any]:
    """The output, within `limit` bytes: its largest values are cut, and `_cut` names them.

    What was cut is `{"cut": true, "size_bytes": …, "begins": "…"}`, with the first characters of its JSON.
    """
    kept = dict(output)
    if size_of(kept) <= limit:
        return kept
    cut: list[str] = []
    for name in sorted(output, key=lambda one: size_of(output[one]), reverse=True):
        text = json.dumps(output[name], ensure_ascii=False)
        if len(text) <= _SHOWN:
            break
        kept[name] = {"cut": True, "size_bytes": size_of(output[name]), "begins": text[:_SHOWN]}
        cut.append(name)
        if size_of({**kept, "_cut": cut}) <= limit:
            return {**kept, "_cut": cut}
    return {"_cut": [ANY], "size_bytes": size_of(output)}


def within_bounds(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs a run carries along; when they are too large together the largest are reduced to a mark."""
    kept = dict(outputs)
    while stored_size_of(kept) > MAX_OUTPUTS_BYTES:
        largest = max(kept, key=lambda one: stored_size_of(kept[one]))
        branch = {"branch": kept[largest]["branch"]} if "branch" in kept[largest] else {}
        marked = {**branch, "_cut": [ANY], "size_bytes": size_of(kept[largest])}
        if kept[largest].get("_cut") == [ANY]:
            break
        kept[largest] = marked
    return kept
