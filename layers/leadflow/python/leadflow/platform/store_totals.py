"""Totals over the table, and where each counted item is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from pynamodb.attributes import JSONAttribute, NumberAttribute

from leadflow.core import clock, table

# A change may be read again as long as the stream keeps it, which is 24 hours.
_REMEMBERED = timedelta(days=7)
_TOTALS = "TOTALS"


class CountedPlace(table.Item, discriminator="CountedPlace"):
    """Where the totals count an item, and as of which of its versions.

    pk `COUNTED#<pk of the item>`  sk `<sk of the item>`

    Of an item that is gone it expires after a week, when no change of it can be read again.
    """

    place = JSONAttribute(default=dict)
    order = NumberAttribute(default=0)

    def put(self, place: Mapping[str, str], order: int, *, expiring: bool) -> None:
        self.place, self.order = dict(place), order
        self.expires_at = clock.epoch_seconds(clock.now() + _REMEMBERED) if expiring else None


class Total(table.Item, discriminator="Total"):
    """How many items of a kind have a word in a group, as `Lead#status#new`.

    pk `TOTALS`  sk `<kind>#<group>#<word>`
    """

    number = NumberAttribute(default=0)


def marks_of(keys: Sequence[tuple[str, str]]) -> list[CountedPlace]:
    """Where the items with these keys are counted, in their order; a new mark for one that never was."""
    wanted = [(f"COUNTED#{pk}", sk) for pk, sk in keys]
    found = {(mark.pk, mark.sk): mark for mark in table.find_many(CountedPlace, wanted)}
    return [found.get(key) or CountedPlace(pk=key[0], sk=key[1]) for key in wanted]


def commit(marks: Sequence[CountedPlace], change: Mapping[tuple[str, str, str], int]) -> None:
    """Writes these marks and adds to the totals (kind, group, word), all or nothing.

    Raises table.TransactionRefused when a mark has been moved since it was read, or others were in the way.
    """
    with table.transaction() as writes:
        for mark in marks:
            mark.touch()
            writes.save(mark)
        for line, number in change.items():
            total = Total(pk=_TOTALS, sk="#".join(line))
            writes.update(total, [Total.kind.set(Total), Total.number.add(number)], add_version_condition=False)


def totals() -> dict[tuple[str, str, str], int]:
    """Every total (kind, group, word) that ever was above zero; one query, since there are only as many as words."""
    found: dict[tuple[str, str, str], int] = {}
    for total in table.query_items(Total, _TOTALS, prefix="", newest_first=False):
        kind, group, word = total.sk.split("#")
        found[kind, group, word] = int(total.number)
    return found
