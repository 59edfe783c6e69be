"""Lists: pages over one or several index partitions, stable under concurrent writes, resumed by a signed cursor.

A listing is spread over shards so that no partition is hot; a page merges the shards by their sort key. Sort keys end
in the record's id, so they are unique and the last one seen is all a cursor needs.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from leadflow.core import paging, table
from leadflow.core.settings import settings

# A filter that matches little is given this many rounds of candidates before the page is answered short: the first
# as many as the page has places, further ones more.
_MAX_ROUNDS = 10
_FURTHER_CANDIDATES = 100
# Lambda answers with 6 MB at most, in which quotes are escaped once more: a page whose records come to more than this
# ends early and has a next one.
_MAX_PAGE_BYTES = 4_000_000
_LONG_CHARACTERS = 1_000
# Of a list that is read whole a cursor names so many records, since the last one may be gone when it comes back.
_REMEMBERED = 20


def page(
    kind: type[table.Item],
    index: str,
    partitions: Sequence[str],
    *,
    limit: int,
    cursor: str | None,
    listing: str,
    prefix: str = "",
    newest_first: bool = True,
    until: str = "",
    beyond: str | None = None,
    keep: Callable[[Any], bool] | None = None,
    shown: Callable[[list[Any]], list[Any]] | None = None,
) -> dict[str, Any]:
    """`{"items": records, "next_cursor": …}` of the items these index partitions point at, merged by sort key.

    The list begins beyond the sort key `beyond` and ends at the sort key `until`, so bounds on what it is sorted by
    cost nothing. `shown` completes the records with what is kept apart from them.
    Looks at a thousand items at most whatever the size of the list, so a page under a filter that matches little may
    be short and still have a next one; so may one whose records come to 4 MB. Raises MalformedRequest for a cursor that
    is not this listing's.
    """
    after = paging.decode(cursor, listing) if cursor else beyond

    def read(after: str | None, count: int) -> list[tuple[str, str, str]]:
        keys = _merged(index, partitions, prefix, after, count, newest_first)
        return [key for key in keys if not until or (key[0] >= until if newest_first else key[0] <= until)]

    found, after, more = _gathered(kind, read, after, limit, keep)
    records = [item.record() for _, item in found]
    records = records if shown is None else shown(records)
    count = fitting(records)
    if count < len(records):
        after, more = found[count - 1][0], True
    return {"items": records[:count], "next_cursor": paging.encode(after, listing) if more else None}


def whole(records: Sequence[Any], *, limit: int, cursor: str | None, listing: str) -> dict[str, Any]:
    """A page of a list that is short enough to be read whole, such as a workflow's actions, in the order given.

    It goes on behind the last of the records before it that is still there. Raises MalformedRequest as `page` does.
    """
    ids = [record["id"] for record in records]
    before: list[str] = paging.decode(cursor, listing) if cursor else []
    start = next((ids.index(one) + 1 for one in reversed(before) if one in ids), 0)
    end = start + fitting(records[start : start + limit])
    more = end < len(ids)
    return {
        "items": list(records[start:end]),
        "next_cursor": paging.encode(ids[max(0, end - _REMEMBERED) : end], listing) if more else None,
    }


def fitting(records: Sequence[Mapping[str, Any]]) -> int:
    """How many of these records fit into one answer, 4 MB; the first one always does."""
    size = 0
    for number, record in enumerate(records):
        size += sum(_size(value) for value in record.values())
        if size > _MAX_PAGE_BYTES and number:
            return number
    return len(records)


def _size(value: Any) -> int:
    """About how many bytes of JSON a value takes, exact for what is long."""
    if isinstance(value, str) and len(value) < _LONG_CHARACTERS:
        return len(value)
    return len(json.dumps(value, ensure_ascii=False).encode()) if value and isinstance(value, str | list | dict) else 0


def _gathered(
    kind: type[table.Item],
    read: Callable[[str | None, int], list[tuple[str, str, str]]],
    after: str | None,
    limit: int,
    keep: Callable[[Any], bool] | None,
) -> tuple[list[tuple[str, Any]], str | None, bool]:
    """Up to `limit` items that are kept with their sort keys, the one looked at last, and whether more is behind it."""
    found: list[tuple[str, Any]] = []
    more = True
    for turn in range(_MAX_ROUNDS):
        candidates = max(limit, _FURTHER_CANDIDATES) if turn else limit
        keys = read(after, candidates + 1)
        more = len(keys) > candidates
        for sort_key, item in _items(kind, keys[:candidates]):
            after = sort_key
            if item is not None and (keep is None or keep(item)):
                found.append((sort_key, item))
            if len(found) == limit:
                return found, after, more or sort_key != keys[-1][0]
        if not more:
            break
    return found, after, more


def children(
    kind: type[table.Item], pk: str, prefix: str, *, limit: int, cursor: str | None, newest_first: bool = True
) -> dict[str, Any]:
    """A page of the items of one partition whose sort key starts with `prefix`."""
    return children_of([pk], kind, prefix, limit=limit, cursor=cursor, newest_first=newest_first)


def children_of(
    partitions: Sequence[str],
    kind: type[table.Item],
    prefix: str,
    *,
    limit: int,
    cursor: str | None,
    newest_first: bool = True,
) -> dict[str, Any]:
    """The same over several partitions, merged by sort key; their sort keys differ.

    Cursors are good for the first partition, whatever others are read with it.
    """
    listing = f"{partitions[0]}/{prefix}"
    after = paging.decode(cursor, listing) if cursor else None
    found = [
        item
        for pk in partitions
        for item in table.query_items(kind, pk, prefix=prefix, after=after, limit=limit + 1, newest_first=newest_first)
    ]
    found.sort(key=lambda item: item.sk, reverse=newest_first)
    records = [item.record() for item in found[:limit]]
    count = fitting(records)
    more = len(found) > count
    return {
        "items": records[:count],
        "next_cursor": paging.encode(found[count - 1].sk, listing) if more else None,
    }


def _merged(
    index: str, partitions: Sequence[str], prefix: str, after: str | None, limit: int, newest_first: bool
) -> list[tuple[str, str, str]]:
    def read(partition: str) -> list[tuple[str, str, str]]:
        return table.query_keys(index, partition, prefix=prefix, after=after, limit=limit, newest_first=newest_first)

    if len(partitions) == 1 or settings().is_local:
        streams = [read(partition) for partition in partitions]
    else:
        with ThreadPoolExecutor(max_workers=min(16, len(partitions))) as pool:
            streams = list(pool.map(read, partitions))
    return list(islice(heapq.merge(*streams, reverse=newest_first), limit))


def _items(kind: type[table.Item], keys: list[tuple[str, str, str]]) -> list[tuple[str, Any]]:
    found = {(item.pk, item.sk): item for item in table.find_many(kind, [(pk, sk) for _, pk, sk in keys])}
    return [(sort_key, found.get((pk, sk))) for sort_key, pk, sk in keys]
