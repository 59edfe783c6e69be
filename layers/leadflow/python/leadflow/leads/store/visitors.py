"""Where visits wait of people who are not known yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from pynamodb.attributes import BooleanAttribute, JSONAttribute
from pynamodb.transactions import TransactWrite

from leadflow.core import clock, table
from leadflow.leads.store.leads import Lead, attempt
from leadflow.leads.store.signals import IntentSignal

# How long a visitor who does not come again is remembered.
KEPT = timedelta(days=30)


class Visitor(table.Item, discriminator="Visitor"):
    """What a visitor looked at whom nobody knows: a browser that said the same random word with each visit.

    pk `VIS#<keyed hash of the word>`  sk `#`

    `visits` hold `{at, url, title, referrer}`, oldest first. Once it was said who that is, the visits have gone to that
    lead and the word is `used` up; whose it was is not kept.
    """

    visits = JSONAttribute(default=list)
    used = BooleanAttribute(default=False)

    @property
    def is_remembered(self) -> bool:
        """Whether it still counts; an expired item stays in the table for a while."""
        return (self.expires_at or 0) > clock.epoch_seconds(clock.now())


def find_visitor(name: str) -> Visitor | None:
    return table.find(Visitor, f"VIS#{name}", "#")


def new_visitor(name: str, expired: Visitor | None) -> Visitor:
    """A visitor who was not here before, about to be written in place of one who is forgotten."""
    made = Visitor(pk=f"VIS#{name}", sk="#")
    if expired is not None:
        made.v = expired.v
    return made


def keep(visitor: Visitor) -> None:
    """Writes a visitor who was read or is new. Raises table.Stale or table.AlreadyThere when others were quicker."""
    visitor.expires_at = clock.epoch_seconds(clock.now() + KEPT)
    if visitor.v is None:
        table.create(visitor)
    else:
        table.save(visitor)


def stitch(visitor: Visitor, line: Sequence[Lead], signals: Sequence[IntentSignal]) -> None:
    """Writes that a visitor's word is used up and what the visits are to a lead (the line of `find_line`), in one.

    Raises table.Stale when the visitor or a lead has changed or gone since, or table.TransactionRefused when others
    were in the way.
    """
    visitor.visits, visitor.used = [], True
    visitor.expires_at = clock.epoch_seconds(clock.now() + KEPT)
    for item in (visitor, *line, *signals):
        item.touch()
    for lead in line:
        lead.place()

    def add(writes: TransactWrite) -> None:
        writes.save(visitor)
        for lead in line:
            writes.save(lead)
        for signal in signals:
            writes.save(signal, condition=IntentSignal.pk.does_not_exist())

    refused = attempt(add)
    if refused is None:
        return
    if any(refused.failed(position) for position in range(1 + len(line))):
        raise table.Stale(visitor.pk) from refused
    raise refused
