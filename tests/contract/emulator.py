"""A piece of the emulator in this process, put in and taken out again so that other tests see none of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from botocore import handlers
from botocore.session import get_session
from ministack.services import dynamodb as engine

from local.emulator import wire
from local.emulator.journal import Journal
from local.emulator.tables import DurableTables

TABLE = "contract"
_QUERYING = ("_query", "_index_members", "_evaluate_condition")
_PATCHED = ("_lock", "_set_item", "_remove_item", "_emit_stream_event", "handle_request", *_QUERYING)
_ORIGINALS = {name: getattr(engine, name) for name in _PATCHED}
_HANDLERS = list(handlers.BUILTIN_HANDLERS)
_STORES = ("_tables", "_ttl_settings", "_txn_idempotency")


class Emulated:
    """The table engine on a journal, and a client that reaches it as handlers do."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "leadflow.db"
        self.journal = Journal(self.path)
        self.tables = DurableTables(self.journal)
        self.tables.install()
        wire.install(self.tables)
        self.client = get_session().create_client(
            "dynamodb", region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local"
        )
        self._create()

    def _create(self) -> None:
        self.client.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk", "gsi1pk", "gsi1sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "GSI1",
                    "KeySchema": [
                        {"AttributeName": "gsi1pk", "KeyType": "HASH"},
                        {"AttributeName": "gsi1sk", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        self.tables.load(TABLE)
        self.journal.set_readers(TABLE, ["reader"])

    @contextmanager
    def by_the_engine_alone(self) -> Iterator[None]:
        """Queries are answered without our order of the indexes."""
        ours = {name: getattr(engine, name) for name in _QUERYING}
        try:
            for name in _QUERYING:
                setattr(engine, name, _ORIGINALS[name])
            yield
        finally:
            for name, value in ours.items():
                setattr(engine, name, value)

    def put(self, pk: str, **attributes: dict[str, Any]) -> None:
        self.client.put_item(TableName=TABLE, Item={"pk": {"S": pk}, "sk": {"S": "#"}, **attributes})

    def get(self, pk: str) -> dict[str, Any] | None:
        key = {"pk": {"S": pk}, "sk": {"S": "#"}}
        item: dict[str, Any] | None = self.client.get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item")
        return item


@contextmanager
def emulated(directory: Path) -> Iterator[Emulated]:
    """The emulator on a directory's journal, with nothing in memory of one before: that one is as good as killed."""
    _clean()
    environment = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull}
    with mock.patch.dict(os.environ, environment):
        try:
            running = Emulated(directory)
            yield running
            running.journal.close()
        finally:
            _clean()


def _clean() -> None:
    handlers.BUILTIN_HANDLERS[:] = _HANDLERS
    for name, value in _ORIGINALS.items():
        setattr(engine, name, value)
    for name in _STORES:
        getattr(engine, name).clear()
