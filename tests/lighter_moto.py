"""moto without the two habits that take most of the time of these tests; what it does stays the same.

It copies the whole table for each operation of a transaction, to have it back when the transaction fails: what the
transaction names is enough. And it looks for each of the ten members an attribute value may have, under several names.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

_SCALARS = ("S", "N", "BOOL", "NULL")


@contextmanager
def lighter() -> Iterator[None]:
    """moto's ways, lighter while inside."""
    real_transaction = DynamoDBBackend.transact_write_items
    real_structure = BaseJSONSerializer._serialize_type_structure

    def transaction(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        before = [_Before(backend, operation) for one in transact_items for operation in one.values()]
        try:
            with patch.object(Table, "__deepcopy__", lambda table, _: table, create=True):
                real_transaction(backend, transact_items)
        except BaseException:
            for one in before:
                one.restore()
            raise

    def structure(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and isinstance(value, dict) and len(value) == 1:
            [(kind, held)] = value.items()
            if kind in _SCALARS:
                serialized[serializer.get_serialized_name(shape, key)] = {kind: held}
                return
        real_structure(serializer, serialized, value, shape, key)

    with (
        patch.object(DynamoDBBackend, "transact_write_items", transaction),
        patch.object(BaseJSONSerializer, "_serialize_type_structure", structure),
    ):
        yield


class _Before:
    """The item that an operation of a transaction names, and the end of the stream, before the transaction."""

    def __init__(self, backend: DynamoDBBackend, operation: dict[str, Any]) -> None:
        self.table = backend.tables[operation["TableName"]]
        named = operation.get("Key") or operation["Item"]
        self.pk, self.sk = (DynamoType(named[name]) for name in (self.table.hash_key_attr, self.table.range_key_attr))
        self.item = copy.deepcopy(self.table.items.get(self.pk, {}).get(self.sk))
        self.stream_shard = self.table.stream_shard
        self.changes = len(self.stream_shard.items) if self.stream_shard else 0

    def restore(self) -> None:
        if self.item:
            self.table.items[self.pk][self.sk] = self.item
        else:
            self.table.items.get(self.pk, {}).pop(self.sk, None)
        if self.stream_shard:
            del self.stream_shard.items[self.changes :]
