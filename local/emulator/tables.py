"""MiniStack's DynamoDB made atomic and durable.

MiniStack keeps tables as dictionaries and answers requests on whatever thread they come in. Here every request runs
under one lock, and when the outermost holder lets go of it, all that it changed has been committed to the journal in
one transaction: an answer is given only for what lasts, and a transaction is there wholly or not at all, for readers
as for a restart. A request that fails half-way is undone.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

from ministack.services import dynamodb as engine

from local.emulator.journal import Journal, Key
from local.emulator.queries import OrderedIndexes

Answer = tuple[int, dict[str, Any], bytes]
Undo = Callable[[], object]

_TTL_THREAD = "dynamodb-ttl-reaper"
_FIRST_SEQUENCE = 10**20  # as long as DynamoDB's, and always of the same length
_TTL_IDENTITY = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def _numbered(record: dict[str, Any], number: int) -> dict[str, Any]:
    """Gives a record its place in the stream; the engine's own numbers are taken from the clock, which may go back."""
    record["dynamodb"]["SequenceNumber"] = str(_FIRST_SEQUENCE + number)
    return record


def _encode(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class DurableTables:
    """The lock around the engine, and what the present holder of it has changed so far."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.RLock()
        self._depth = 0
        self._items: dict[Key, dict[str, Any] | None] = {}
        self._records: list[tuple[str, dict[str, Any]]] = []
        self._undo: list[Undo] = []
        self._indexes = OrderedIndexes()
        self._requests = engine.handle_request
        self._set = engine._set_item
        self._remove = engine._remove_item

    def install(self) -> None:
        """Puts this in the way of everything that reads or writes a table.

        `_set_item` and `_remove_item` are the two functions through which every item comes and goes,
        `_emit_stream_event` is called after each with both images, and the reaper of expired items holds `_lock`.
        """
        self._indexes.install()
        engine._lock = self
        engine._set_item = self._set_item
        engine._remove_item = self._remove_item
        engine._emit_stream_event = self._emit_stream_event
        engine.handle_request = self._handle_request

    def call(self, headers: dict[str, str], body: bytes) -> Answer:
        """Answers one DynamoDB request (JSON 1.0 protocol) on the calling thread."""
        step = self._requests("POST", "/", headers, body, {})
        with self:
            try:
                step.send(None)
            except StopIteration as end:
                answer: Answer = end.value
            else:
                raise RuntimeError("the table engine waited for something, which this version never does")
            if answer[0] >= 400:
                self._take_back()
        return answer

    def load(self, table_name: str) -> int:
        """Puts the items that last back into a table that was just made; gives their number."""
        table = engine._tables[table_name]
        count = 0
        for body in self._journal.items(table_name):
            item = json.loads(body)
            pk, sk = _key_values(table, item)
            table["items"].setdefault(pk, {})[sk] = item
            count += 1
        engine._items_replaced(table)
        self._indexes.forget(table_name)
        return count

    # -- the lock: whoever holds it outermost commits

    def __enter__(self) -> DurableTables:
        self._lock.acquire()
        self._depth += 1
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        try:
            if self._depth == 1:
                if kind is not None:
                    self._take_back()
                self._commit()
        finally:
            self._depth -= 1
            self._lock.release()

    def _commit(self) -> None:
        if not self._items and not self._records:
            return
        items = {key: None if item is None else _encode(item) for key, item in self._items.items()}
        changes = [
            (number, table, _encode(_numbered(record, number)))
            for number, (table, record) in enumerate(self._records, self._journal.next_change)
        ]
        try:
            self._journal.commit(items, changes)
        except BaseException:
            self._take_back()
            raise
        self._clear()

    def _take_back(self) -> None:
        for undo in reversed(self._undo):
            undo()
        self._clear()

    def _clear(self) -> None:
        self._items, self._records, self._undo = {}, [], []

    # -- what the engine calls instead of its own

    async def _handle_request(
        self, _method: str, _path: str, headers: dict[str, str], body: bytes, _query_params: dict[str, Any]
    ) -> Answer:
        return await asyncio.to_thread(self.call, headers, body)

    def _set_item(self, table: dict[str, Any], pk: Any, sk: Any, item: dict[str, Any]) -> dict[str, Any] | None:
        with self:
            old: dict[str, Any] | None = self._set(table, pk, sk, item)
            self._indexes.changed(table, old, item)
            self._items[table["TableName"], str(pk), str(sk)] = item
            self._undo.append(lambda: self._put_back(table, pk, sk, old))
        return old

    def _remove_item(self, table: dict[str, Any], pk: Any, sk: Any) -> dict[str, Any] | None:
        with self:
            old: dict[str, Any] | None = self._remove(table, pk, sk)
            if old is not None:
                self._indexes.changed(table, old, None)
                self._items[table["TableName"], str(pk), str(sk)] = None
                self._undo.append(lambda: self._put_back(table, pk, sk, old))
                if threading.current_thread().name == _TTL_THREAD:  # the reaper tells the stream nothing, DynamoDB does
                    self._record(table, "REMOVE", old, None, userIdentity=_TTL_IDENTITY)
        return old

    def _put_back(self, table: dict[str, Any], pk: Any, sk: Any, old: dict[str, Any] | None) -> None:
        new = self._remove(table, pk, sk) if old is None else self._set(table, pk, sk, old)
        self._indexes.changed(table, new, old)

    def _emit_stream_event(
        self,
        table_name: str,
        event_name: str,
        old: dict[str, Any] | None,
        new: dict[str, Any] | None,
        _replicate: bool = True,
    ) -> None:
        table = engine._tables.get(table_name)
        unchanged = event_name == "MODIFY" and old == new
        if table and not unchanged:
            with self:
                self._record(table, event_name, old, new)

    def _record(
        self,
        table: dict[str, Any],
        event_name: str,
        old: dict[str, Any] | None,
        new: dict[str, Any] | None,
        **extra: object,
    ) -> None:
        view = (table.get("StreamSpecification") or {}).get("StreamViewType")
        if view:
            record = engine._build_change_record(table, event_name, old, new, view)
            self._records.append((table["TableName"], {**record, **extra}))


def stream_arn(table_name: str) -> str:
    """The ARN of a table's stream in this run."""
    arn: str = engine._tables[table_name]["LatestStreamArn"]
    return arn


def _key_values(table: dict[str, Any], item: dict[str, Any]) -> tuple[Any, Any]:
    sort = table["sk_name"]
    return (
        engine._extract_key_val(item[table["pk_name"]]),
        engine._extract_key_val(item[sort]) if sort else "__no_sort__",
    )
