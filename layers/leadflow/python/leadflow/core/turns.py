"""Turns of a contended write: who finds that others were in the way waits a random while and decides anew."""

from __future__ import annotations

from collections.abc import Iterator

from leadflow.core import seams


class Turns:
    """Iterates over `count` turns, each but the first after a pause.

    A pause is evenly random up to a bound of 20 ms that doubles with every turn, `longest_pause_seconds` at most.
    """

    def __init__(self, count: int, *, longest_pause_seconds: float) -> None:
        self.count = count
        self._longest = longest_pause_seconds

    def __iter__(self) -> Iterator[int]:
        for turn in range(self.count):
            if turn:
                share = int.from_bytes(seams.current().entropy(2)) / 0x10000
                seams.current().sleep(share * min(self._longest, 0.01 * 2**turn))
            yield turn
