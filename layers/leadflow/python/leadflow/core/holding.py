"""Writes that want their lead to be there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from leadflow.core import table

if TYPE_CHECKING:
    from pynamodb.transactions import TransactWrite

# Adds to a transaction; as a hold, the one condition that its lead is there.
Fill = Callable[["TransactWrite"], None]
Hold = Fill


class LeadGone(Exception):
    """A record was to be written for a lead that is not there (any more)."""


def attempt(fill: Fill, hold: Hold | None = None) -> None:
    """Commits what `fill` adds, all or nothing, if the lead of `hold` is there.

    Raises LeadGone, table.Stale when another condition failed or others were in the way, so that it is for the caller
    to read again and decide, and table.TransactionRefused for anything else.
    """
    try:
        with table.transaction() as writes:
            if hold is not None:
                hold(writes)
            fill(writes)
    except table.TransactionRefused as refused:
        # Conditions without a write are checked first.
        if hold is not None and refused.failed(0):
            raise LeadGone from refused
        if refused.contended or "ConditionalCheckFailed" in refused.reasons:
            raise table.Stale from refused
        raise
