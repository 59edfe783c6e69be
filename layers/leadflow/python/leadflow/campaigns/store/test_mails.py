"""The ledger of mails that show a template to whoever wants to see it."""

from __future__ import annotations

from datetime import timedelta

from leadflow.core import clock, effects, table
from leadflow.core.effects import LedgerEntry

# As long as an Idempotency-Key is good for.
_KEPT = timedelta(hours=24)


class TestMail(LedgerEntry, discriminator="TestMail"):
    """One test of a template: what came of it, and nothing of whom it went to.

    pk `TEM#<id>`  sk `#`, kept for 24 hours
    """


def find_test(test_id: str) -> TestMail | None:
    return table.find(TestMail, f"TEM#{test_id}", "#")


def new_test(test_id: str) -> TestMail:
    """An entry claimed by us. Raises table.Stale when another try was quicker."""
    entry = TestMail(pk=f"TEM#{test_id}", sk="#", expires_at=clock.epoch_seconds(clock.now() + _KEPT))
    effects.take(entry)
    table.save(entry, condition=TestMail.pk.does_not_exist())
    return entry
