"""Transactions that wait out others for a moment."""

from __future__ import annotations

from collections.abc import Callable

from pynamodb.transactions import TransactWrite

from leadflow.core import table
from leadflow.core.turns import Turns

_TURNS = Turns(12, longest_pause_seconds=0.5)


def committed(fill: Callable[[TransactWrite], None]) -> None:
    """One transaction, past others that are in its way. Raises table.TransactionRefused when a condition fails."""
    for turn in _TURNS:
        try:
            with table.transaction() as writes:
                fill(writes)
        except table.TransactionRefused as refused:
            if not refused.contended or turn == _TURNS.count - 1:
                raise
        else:
            return
