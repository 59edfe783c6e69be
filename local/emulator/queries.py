"""Queries that take as long as their page, not as long as their partition.

MiniStack answers a Query by sorting all items of the partition and evaluating the key condition on each of them from
its text. For conditions of the usual form on text keys, the index is kept in order here: a query gets only the keys of
its page to look at, and a condition that is read once. Everything else, and every check, stays MiniStack's.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ministack.services import dynamodb as engine

Entry = tuple[str, str, str]
Item = dict[str, Any]

_CONDITION = re.compile(
    r"\s*(?P<hash>#?\w+)\s*=\s*(?P<value>:\w+)"
    r"(?:\s+AND\s+(?:"
    r"(?P<compared>#?\w+)\s*(?P<sign>=|<=|<|>=|>)\s*(?P<bound>:\w+)"
    r"|begins_with\s*\(\s*(?P<begun>#?\w+)\s*,\s*(?P<prefix>:\w+)\s*\)"
    r"|(?P<ranged>#?\w+)\s+BETWEEN\s+(?P<low>:\w+)\s+AND\s+(?P<high>:\w+)"
    r"))?\s*",
    re.IGNORECASE,
)
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class _Range:
    """Sort keys from `low` to before `high` of one partition; `high` None is to the end."""

    hash_name: str
    hash_value: str
    sort_name: str | None
    low: str
    high: str | None

    def holds(self, item: Item) -> bool:
        if item.get(self.hash_name, {}).get("S") != self.hash_value:
            return False
        if self.sort_name is None:
            return True
        sort = item.get(self.sort_name, {}).get("S")
        return sort is not None and sort >= self.low and (self.high is None or sort < self.high)


@dataclass(frozen=True, slots=True)
class _Query:
    """The query under way: its table, its condition, its cursor, and what of the index it is shown."""

    table: Item
    condition: _Range
    cursor: Item | None
    members: dict[str, dict[str, dict[tuple[str, str], None]]] | None


class OrderedIndexes:
    """Index partitions in the order of their sort keys, each made when it is first queried.

    Everything here happens under the lock of the tables.
    """

    def __init__(self) -> None:
        self._partitions: dict[tuple[str, str, str], list[Entry]] = {}
        self._query: _Query | None = None
        self._whole_query = engine._query
        self._whole_members = engine._index_members
        self._evaluate = engine._evaluate_condition

    def install(self) -> None:
        engine._query = self._answer
        engine._index_members = self._members
        engine._evaluate_condition = self._holds

    def changed(self, table: Item, old: Item | None, new: Item | None) -> None:
        """To be told of every item that comes, goes or changes."""
        for index in table.get("GlobalSecondaryIndexes") or ():
            names = _key_names(index)
            before, after = (_entry(table, names, item) for item in (old, new))
            if before == after:
                continue
            for entry, put in ((before, False), (after, True)):
                if entry:
                    partition = self._partitions.get((table["TableName"], index["IndexName"], entry[0]))
                    if partition is not None:
                        _put(partition, entry[1]) if put else _take(partition, entry[1])

    def forget(self, table_name: str) -> None:
        """To be told when the items of a table were replaced as a whole."""
        self._partitions = {key: entries for key, entries in self._partitions.items() if key[0] != table_name}

    def _answer(self, data: dict[str, Any]) -> Any:
        table = engine._tables.get(engine._normalize_table_name(data.get("TableName")))
        condition = _condition(data, table) if table else None
        if condition is None:
            return self._whole_query(data)
        self._query = _Query(table, condition, data.get("ExclusiveStartKey"), self._page(table, data, condition))
        try:
            return self._whole_query(data)
        finally:
            self._query = None

    def _members(self, table: Item) -> Any:
        if self._query and self._query.table is table and self._query.members is not None:
            return self._query.members
        return self._whole_members(table)

    def _holds(self, expr: str, item: Item, values: Item, names: Item, slot: str = "ConditionExpression") -> Any:
        query = self._query
        if query and slot == "KeyConditionExpression" and item is not query.cursor:
            return query.condition.holds(item)
        return self._evaluate(expr, item, values, names, slot)

    def _page(self, table: Item, data: dict[str, Any], condition: _Range) -> Any:
        """The keys that can be on this page, and one more; None when the query is not of an ordered index."""
        index_name = data.get("IndexName")
        index = engine._index_def(table, index_name) if index_name else None
        names = _key_names(index) if index else None
        if names is None or None in names:
            return None
        entries = self._partition(table, str(index_name), names, condition.hash_value)
        low = bisect_left(entries, (condition.low,))
        high = len(entries) if condition.high is None else bisect_left(entries, (condition.high,))
        forward = data.get("ScanIndexForward", True)
        if cursor := _entry(table, names, data.get("ExclusiveStartKey")):
            low = max(low, bisect_right(entries, cursor[1])) if forward else low
            high = high if forward else min(high, bisect_left(entries, cursor[1]))
        wanted = int(data["Limit"]) + 1 if data.get("Limit") else len(entries)
        page = entries[low : min(high, low + wanted)] if forward else entries[max(low, high - wanted) : max(low, high)]
        return {index_name: {condition.hash_value: dict.fromkeys((pk, sk) for _, pk, sk in page)}}

    def _partition(self, table: Item, index: str, names: tuple[str, str | None], value: str) -> list[Entry]:
        key = (table["TableName"], index, value)
        if key not in self._partitions:
            items = (table["items"][pk][sk] for pk, sk in self._whole_members(table).get(index, {}).get(value, ()))
            entries = (_entry(table, names, item) for item in items)
            self._partitions[key] = sorted(entry[1] for entry in entries if entry)
        return self._partitions[key]


def _key_names(index: Item) -> tuple[str, str | None]:
    names = {key["KeyType"]: key["AttributeName"] for key in index["KeySchema"]}
    return names["HASH"], names.get("RANGE")


def _entry(table: Item, names: tuple[str, str | None], item: Item | None) -> tuple[str, Entry] | None:
    """An item's partition in an index and its place there; None when it is not in it, or not by text keys."""
    if not item:
        return None
    wanted = (*names, table["pk_name"], table["sk_name"])
    values = [item.get(name, {}).get("S") for name in wanted if name]
    if len(values) < 4 or None in values:
        return None
    partition, sort, pk, sk = values
    return str(partition), (str(sort), str(pk), str(sk))


def _put(entries: list[Entry], entry: Entry) -> None:
    at = bisect_left(entries, entry)
    if at == len(entries) or entries[at] != entry:
        insort(entries, entry)


def _take(entries: list[Entry], entry: Entry) -> None:
    at = bisect_left(entries, entry)
    if at < len(entries) and entries[at] == entry:
        del entries[at]


def _condition(data: dict[str, Any], table: Item) -> _Range | None:
    """The key condition as a range; None when it has another form or a key is not text."""
    found = _CONDITION.fullmatch(data.get("KeyConditionExpression") or "")
    if not found or data.get("KeyConditions"):
        return None
    names, values = data.get("ExpressionAttributeNames") or {}, data.get("ExpressionAttributeValues") or {}

    def name(group: str) -> str:
        written = found.group(group)
        return str(names.get(written, written))

    def text(group: str) -> str | None:
        value = values.get(found.group(group))
        return value.get("S") if isinstance(value, dict) else None

    hash_name, sort_name, _ = engine._resolve_index_keys(table, data.get("IndexName"))
    types = {key["AttributeName"]: key["AttributeType"] for key in table["AttributeDefinitions"]}
    hash_value = text("value")
    if name("hash") != hash_name or hash_value is None or {types.get(hash_name), types.get(sort_name, "S")} != {"S"}:
        return None
    return _bounds(found, name, text, (hash_name, hash_value, sort_name))


def _bounds(
    found: re.Match[str],
    name: Callable[[str], str],
    text: Callable[[str], str | None],
    key: tuple[str, str, str | None],
) -> _Range | None:
    hash_name, hash_value, sort_name = key
    group = next((g for g in ("compared", "begun", "ranged") if found.group(g)), None)
    if group is None:
        return _Range(hash_name, hash_value, None, "", None)
    bounds = [text(g) for g in {"compared": ["bound"], "begun": ["prefix"], "ranged": ["low", "high"]}[group]]
    if name(group) != sort_name or None in bounds:
        return None
    low, high = str(bounds[0]), str(bounds[-1])
    sign = found.group("sign") or {"begun": "begins", "ranged": "between"}[group]
    # "\0" after a text makes the next text there is: `sort < text + "\0"` is `sort <= text`.
    ranges = {
        "=": (low, low + "\0"),
        "<": ("", low),
        "<=": ("", low + "\0"),
        ">": (low + "\0", None),
        ">=": (low, None),
        "begins": (low, low + _LAST),
        "between": (low, high + "\0"),
    }
    return _Range(hash_name, hash_value, sort_name, *ranges[sign])
