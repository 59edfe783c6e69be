"""Who things are assigned to, and lists of things that have a status, may have an assignee and may be about a lead."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from leadflow.core import ids, listing, table
from leadflow.core.secrets import keyed_hash


def same_person(assigned_to: str) -> str:
    """An assignee's name as it is compared: without case, however its characters are composed and its words parted."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", assigned_to).casefold())
    return " ".join(folded.split())


def key_of(assigned_to: str) -> str:
    """Stands for an assignee in keys, however the name is spelled."""
    return keyed_hash("assignee", same_person(assigned_to), size=16)


@dataclass(frozen=True)
class Lists:
    """Where items of a kind stand in the indexes, by what their keys begin with: `TSK` or `CNV`.

    GSI1 has them by status over `shards`, GSI2 by lead, GSI3 by assignee and status over the same shards.
    """

    kind: type[table.Item]
    begins: str
    statuses: Sequence[str]
    shards: int

    def places(
        self, item_id: str, time: str, *, status: str, lead_id: str | None, assigned_to: str | None
    ) -> dict[str, str | None]:
        """The index keys of an item, None for those it does not have; `time` is what its lists are sorted by."""
        shard, by_time = ids.shard(item_id, self.shards), f"{time}#{item_id}"
        return {
            "gsi1pk": f"{self.begins}S#{status}#{shard}",
            "gsi1sk": by_time,
            "gsi2pk": f"LEAD#{lead_id}" if lead_id else None,
            "gsi2sk": f"{self.begins}#{by_time}" if lead_id else None,
            "gsi3pk": None if assigned_to is None else f"{self.begins}A#{key_of(assigned_to)}#{status}#{shard}",
            "gsi3sk": None if assigned_to is None else by_time,
        }

    def page(
        self,
        *,
        status: str | None,
        lead_ids: Sequence[str],
        assigned_to: str | None,
        keep: Callable[[Any], bool],
        limit: int,
        cursor: str | None,
        name: str,
    ) -> dict[str, Any]:
        """What is listed by the narrowest of these, newest first; `keep` has the last word, on items as they are now.

        Raises MalformedRequest for a cursor of another list than `name`.
        """
        index, prefix = "GSI1", f"{self.begins}S"
        if assigned_to is not None:
            index, prefix = "GSI3", f"{self.begins}A#{key_of(assigned_to)}"
        statuses, begin = (status,) if status else self.statuses, ""
        partitions = [f"{prefix}#{one}#{shard}" for one in statuses for shard in range(self.shards)]
        if lead_ids:
            index, begin, partitions = "GSI2", f"{self.begins}#", [f"LEAD#{lead_id}" for lead_id in lead_ids]
        return listing.page(
            self.kind, index, partitions, limit=limit, cursor=cursor, listing=name, prefix=begin, keep=keep
        )
