"""The due-index: waiting work by kind and the time it is due, so that none of it needs a queue or a timer to live.

Queues, timers and executions may vanish; `reconcile` finds here what is due and unattended. The index is sparse: an
item is in it only while it waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import TypeVar

from leadflow.core import clock, ids, seams, table
from leadflow.core.settings import settings

ItemT = TypeVar("ItemT", bound=table.Item)
T = TypeVar("T")

SHARDS = 4
_PAGE = 100
# A queue takes as many messages in one call.
_GROUP = 10


def mark(item: table.Item, kind: str, at: str, record_id: str) -> None:
    """Puts an item that is about to be written into the index: due at this RFC 3339 time."""
    item.gsi3pk, item.gsi3sk = _partition(kind, record_id), f"{at}#{record_id}"


def clear(item: table.Item) -> None:
    """Takes an item that is about to be written out of the index."""
    item.gsi3pk = item.gsi3sk = None


def due_at(item: table.Item) -> datetime | None:
    """When an item that waits is due; None for one that does not wait."""
    return clock.parse(item.gsi3sk.partition("#")[0]) if item.gsi3sk and item.gsi3pk.startswith("DUE#") else None


def overdue(kind: type[ItemT], name: str, before: str) -> Iterator[ItemT]:
    """Items of this kind of work that were due before this time, the longest waiting of each shard first."""
    for shard in range(SHARDS):
        after: str | None = None
        while True:
            keys = table.query_keys("GSI3", f"DUE#{name}#{shard}", after=after, limit=_PAGE, newest_first=False)
            ripe = [key for key in keys if key[0] < before]
            yield from table.find_many(kind, [(pk, sk) for _, pk, sk in ripe])
            if len(ripe) < _PAGE:
                break
            after = ripe[-1][0]


def unattended(kind: type[ItemT], name: str) -> Iterator[ItemT]:
    """What is overdue now; the first time in a one-machine host's life also all that an earlier host left waiting.

    Items of a kind that is asked for here say in `host_id` which host they are in the hands of.
    """
    host, kept = settings().host_id, seams.current().kept
    looked = f"what earlier hosts left: {name}"
    if host and kept.get(looked) != host:
        yield from (item for item in waiting(kind, name) if getattr(item, "host_id", None) != host)
        kept[looked] = host
    yield from overdue(kind, name, clock.now_stamp())


def waiting(kind: type[ItemT], name: str) -> Iterator[ItemT]:
    """All items that wait for this kind of work, due or not."""
    yield from overdue(kind, name, "~")


def in_groups(taken: Iterable[T]) -> Iterator[list[T]]:
    """What is taken up again in small groups, to be handed on before more is taken up.

    Whoever has a long way to go may be ended in the middle of it, and what was taken up by then must not have been in
    vain: it waits anew, so the next one would get as far and no farther.
    """
    rest = iter(taken)
    while group := list(islice(rest, _GROUP)):
        yield group


def _partition(kind: str, record_id: str) -> str:
    return f"DUE#{kind}#{ids.shard(record_id, SHARDS)}"
