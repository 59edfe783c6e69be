"""A person's timeline: what every wing has to tell of them, in one order of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

from leadflow.core import clock, ids, table

ItemT = TypeVar("ItemT", bound=table.Item)


@dataclass(frozen=True)
class TimelineEntry:
    """Something that happened to a lead, told once.

    `at` is RFC 3339 with milliseconds and never changes once told, so pages stay stable while things go on; `id` is
    unique over all kinds and breaks ties. `kind` is the field's word for it (`signal`, `email`, `task`, …), `data`
    the record as its own list shows it, `title` says it in a few words.
    """

    at: str
    id: str
    kind: str
    data: dict[str, Any] = field(default_factory=dict)
    title: str = ""

    @property
    def position(self) -> str:
        """Where it stands in the timeline, as text that sorts by time."""
        return f"{self.at}#{self.id}"


def newest_first(entries: list[TimelineEntry], before: str | None, limit: int) -> list[TimelineEntry]:
    """Up to `limit` of these entries, those beyond the position `before`."""
    beyond = [entry for entry in entries if before is None or entry.position < before]
    return sorted(beyond, key=lambda entry: entry.position, reverse=True)[:limit]


def time_of_id(record_id: str) -> str:
    """When something happened whose id is a ULID of that moment: so its position sorts as its id does."""
    return clock.stamp(ids.moment_of(record_id))


def id_bound(before: str) -> str:
    """The id below which ids are that stand beyond a position, where ids are ULIDs of the moment."""
    at, _, record_id = before.partition("#")
    return within(ids.time_part(clock.parse(at)), record_id)


def within(beginning: str, record_id: str) -> str:
    """Where an id of any kind stands among all ids that begin so: itself, or their lower or upper end."""
    return min(max(record_id, beginning), f"{beginning}~")


def indexed(kind: type[ItemT], index: str, partition: str, prefix: str, after: str | None, limit: int) -> list[ItemT]:
    """The next items of an index partition, newest first, from beyond the sort key `after`.

    Fewer than `limit` only when there are no more, also where the index still has keys of items that are gone.
    """
    found: list[ItemT] = []
    while len(found) < limit:
        keys = table.query_keys(index, partition, prefix=prefix, after=after, limit=limit)
        found += table.find_many(kind, [(pk, sk) for _, pk, sk in keys])
        if len(keys) < limit:
            break
        after = keys[-1][0]
    return found[:limit]
