"""Money in whole millionths of a USD, so that sums are exact and a budget is used up to its last call."""

from __future__ import annotations

MICRO = 1_000_000


def micros(usd: float) -> int:
    return round(usd * MICRO)


def usd(amount: int) -> float:
    return amount / MICRO
