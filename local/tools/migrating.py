"""Data migrations: applied once, in order, recorded in the table, resumable, and taken back where they can be.

A migration is a module `m<4 digits>_<name>` of `local/tools/migrations` with a docstring that says what changes and
why, and `up(item) -> item | None`: it gets an item as plain values and gives the changed one, or None when there is
nothing to change, which must also be its answer for an item it has changed already. `down(item)` is its reverse; one
without `down` cannot be rolled back.

Every change is conditional on the version that was read and counts it up, so a change by the product at the same time
is never lost; the position in the table is recorded after each page, so one that was killed goes on from there.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from local.tools.scanning import Position, Raw, pages

Plain = dict[str, Any]
Step = Callable[[Plain], Plain | None]
MIGRATION = "Migration"
_PARTITION = "MIG"


class CannotMigrate(Exception):
    """The text says why, and what to do."""


@dataclass(frozen=True)
class Migration:
    """One migration; `down` is None when there is no way back."""

    name: str
    about: str
    up: Step
    down: Step | None

    @classmethod
    def of(cls, module: ModuleType) -> Migration:
        name = module.__name__.rpartition(".")[2]
        return cls(name, (module.__doc__ or "").strip().splitlines()[0], module.up, getattr(module, "down", None))


def known() -> list[Migration]:
    """The migrations of this version of Leadflow, in their order."""
    from local.tools import migrations

    names = sorted(found.name for found in pkgutil.iter_modules(migrations.__path__))
    return [Migration.of(import_module(f"{migrations.__name__}.{name}")) for name in names]


def status(all_of: Sequence[Migration]) -> list[tuple[Migration, str]]:
    """Each migration with `pending`, `applying`, `applied` or `rolling_back`."""
    records = _records()
    return [(one, records.get(one.name, {}).get("state", {}).get("S", "pending")) for one in all_of]


def migrate(all_of: Sequence[Migration]) -> dict[str, int]:
    """Applies what is not applied yet; gives how many items each has changed (in all its runs).

    Raises CannotMigrate when one was left half rolled back, or the table knows one that this version does not.
    """
    records = _records()
    unknown = sorted(set(records) - {one.name for one in all_of})
    if unknown:
        raise CannotMigrate(f"the table holds {unknown[0]}, which this version does not know: use a newer version")
    done: dict[str, int] = {}
    for one, state in status(all_of):
        if state == "rolling_back":
            raise CannotMigrate(f"{one.name} is half rolled back: run rollback to its end first")
        if state != "applied":
            done[one.name] = _run(one.name, one.up, "applying", records.get(one.name))
            _record(one.name, "applied", None, done[one.name])
    return done


def rollback(all_of: Sequence[Migration]) -> tuple[str, int] | None:
    """Takes the last migration back that is (half) applied: its name and how many items changed; None when none is.

    Raises CannotMigrate when it has no way back.
    """
    standing = [one for one, state in status(all_of) if state != "pending"]
    if not standing:
        return None
    last, records = standing[-1], _records()
    if last.down is None:
        raise CannotMigrate(f"{last.name} has no way back: restore the table to a time before it")
    before = records[last.name] if records[last.name]["state"]["S"] == "rolling_back" else None
    changed = _run(last.name, last.down, "rolling_back", before)
    _client().delete_item(TableName=_table(), Key=_key(last.name))
    return last.name, changed


def _run(name: str, step: Step, state: str, before: Raw | None) -> int:
    position: Position | None = json.loads(before["position"]["S"]) if before and "position" in before else None
    changed = int(before["changed"]["N"]) if before else 0
    _record(name, state, position, changed)
    for items, behind in pages(position):
        changed += sum(_apply(step, raw) for raw in items if raw["pk"]["S"] != _PARTITION)
        _record(name, state, behind, changed)
    return changed


def _apply(step: Step, raw: Raw) -> bool:
    """Changes one item; read again and decided anew as long as somebody else changes it meanwhile."""
    from botocore.exceptions import ClientError

    current: Raw | None = raw
    while current is not None:
        wanted = step(plain(current))
        if wanted is None:
            return False
        version = int(current["v"]["N"]) if "v" in current else None
        wanted["v"] = (version or 0) + 1
        condition: dict[str, Any] = {"ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(v)"}
        if version is not None:
            condition = {"ConditionExpression": "v = :v", "ExpressionAttributeValues": {":v": {"N": str(version)}}}
        try:
            _client().put_item(TableName=_table(), Item=_raw(wanted), **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            key = {"pk": current["pk"], "sk": current["sk"]}
            current = _client().get_item(TableName=_table(), Key=key, ConsistentRead=True).get("Item")
            continue
        return True
    return False


def _records() -> dict[str, Raw]:
    request: dict[str, Any] = {
        "TableName": _table(),
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": _PARTITION}},
        "ConsistentRead": True,
    }
    return {raw["sk"]["S"]: raw for raw in _client().query(**request)["Items"]}


def _record(name: str, state: str, position: Position | None, changed: int) -> None:
    from leadflow.core import clock

    item = {**_key(name), "state": {"S": state}, "changed": {"N": str(changed)}, "at": {"S": clock.now_stamp()}}
    if position is not None:
        item["position"] = {"S": json.dumps(position)}
    _client().put_item(TableName=_table(), Item={**item, "type": {"S": MIGRATION}})


def _key(name: str) -> Raw:
    return {"pk": {"S": _PARTITION}, "sk": {"S": name}}


def plain(raw: Raw) -> Plain:
    from boto3.dynamodb.types import TypeDeserializer

    return {name: TypeDeserializer().deserialize(value) for name, value in raw.items()}


def _raw(plain: Plain) -> Raw:
    from boto3.dynamodb.types import TypeSerializer

    return {name: TypeSerializer().serialize(value) for name, value in plain.items()}


def _client() -> Any:
    from leadflow.core import aws

    return aws.client("dynamodb")


def _table() -> str:
    from leadflow.core.settings import settings

    return settings().table_name
