"""Request units of DynamoDB on demand, counted from what went over the wire and from the table's own stream."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Any

_SERVICES = ("dynamodb", "sqs", "stepfunctions", "events", "scheduler", "s3")
INDEXES = ("gsi1", "gsi2", "gsi3")
_READ_BYTES, _WRITE_BYTES = 4096, 1024


@dataclass
class Usage:
    """Calls by operation; read units so far; what was written, in order, and whether in a transaction."""

    calls: Counter[str] = field(default_factory=Counter)
    read: float = 0
    checks: int = 0
    written: list[tuple[tuple[str, str], bool]] = field(default_factory=list)


@contextmanager
def metered() -> Iterator[Usage]:
    """What is called meanwhile, of any service."""
    from leadflow.core import aws

    usage = Usage()

    def asked(model: Any, params: dict[str, Any], **_: Any) -> None:
        usage.calls[model.name] += 1
        if model.service_model.service_name == "dynamodb":
            _note_writes(usage, model.name, json.loads(params["body"]))

    def answered(model: Any, parsed: dict[str, Any], **_: Any) -> None:
        usage.read += _read_units(model.name, parsed)

    clients = [aws.client(name) for name in _SERVICES]
    for client in clients:
        client.meta.events.register("before-call", asked)
    clients[0].meta.events.register("after-call.dynamodb", answered)
    try:
        yield usage
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", asked)
        clients[0].meta.events.unregister("after-call.dynamodb", answered)


def write_units(usage: Usage, changes: list[dict[str, Any]]) -> int:
    """What the writes cost, by the table's stream of the same time: items by their size (twice in a transaction), one
    for each entry of an index that came or went, two for each condition that a transaction only checked."""
    how: dict[tuple[str, str], list[bool]] = {}
    for key, in_transaction in usage.written:
        how.setdefault(key, []).append(in_transaction)
    units = 2 * usage.checks
    for change in (one["dynamodb"] for one in changes):
        old, new = change.get("OldImage"), change.get("NewImage")
        key = (change["Keys"]["pk"]["S"], change["Keys"]["sk"]["S"])
        size = max(size_of(image) for image in (old, new) if image)
        in_transaction = how[key].pop(0) if how.get(key) else False
        units += ceil(size / _WRITE_BYTES) * (2 if in_transaction else 1)
        units += sum(_index_writes(name, old or {}, new or {}) for name in INDEXES)
    return units


def _note_writes(usage: Usage, operation: str, body: dict[str, Any]) -> None:
    if operation == "TransactWriteItems":
        for one in body["TransactItems"]:
            [(kind, action)] = one.items()
            if kind == "ConditionCheck":
                usage.checks += 1
            else:
                usage.written.append((_key(action), True))
    elif operation in ("PutItem", "UpdateItem", "DeleteItem"):
        usage.written.append((_key(body), False))


def _key(action: dict[str, Any]) -> tuple[str, str]:
    named = action.get("Item") or action["Key"]
    return named["pk"]["S"], named["sk"]["S"]


def _read_units(operation: str, parsed: dict[str, Any]) -> float:
    if operation == "GetItem":
        return ceil(max(1, size_of(parsed.get("Item") or {})) / _READ_BYTES)
    if operation == "Query":
        return ceil(max(1, sum(size_of(item) for item in parsed.get("Items", []))) / _READ_BYTES)
    found = [item for items in parsed.get("Responses", {}).values() for item in items]
    return sum(ceil(size_of(item) / _READ_BYTES) for item in found) if operation == "BatchGetItem" else 0


def _index_writes(name: str, old: dict[str, Any], new: dict[str, Any]) -> int:
    before, after = (tuple(str(image.get(f"{name}{part}")) for part in ("pk", "sk")) for image in (old, new))
    if before == after:
        return 0
    return (before != ("None", "None")) + (after != ("None", "None"))


def size_of(item: dict[str, Any]) -> int:
    """Bytes of an item, near enough: names and values as text."""
    return sum(len(name) + len(json.dumps(value, default=repr)) - 8 for name, value in item.items())
