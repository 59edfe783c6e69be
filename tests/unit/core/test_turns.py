"""Turns of a contended write."""

from __future__ import annotations

from leadflow.core import seams
from leadflow.core.turns import Turns


def pauses(turns: Turns, share: int) -> list[float]:
    """How long is waited between all turns, when entropy gives this share (of 0xFFFF) every time."""
    waited: list[float] = []
    fixed = seams.Seams(entropy=lambda size: share.to_bytes(size), sleep=waited.append)
    with seams.installed(fixed):
        assert list(turns) == list(range(turns.count))
    return [round(pause, 4) for pause in waited]


def test_there_is_no_pause_before_the_first_turn_and_none_after_the_last() -> None:
    assert pauses(Turns(1, longest_pause_seconds=1), 0xFFFF) == []
    assert len(pauses(Turns(5, longest_pause_seconds=1), 0xFFFF)) == 4


def test_the_bound_of_a_pause_doubles_up_to_the_longest() -> None:
    assert pauses(Turns(6, longest_pause_seconds=0.1), 0xFFFF) == [0.02, 0.04, 0.08, 0.1, 0.1]


def test_a_pause_is_a_random_share_of_its_bound() -> None:
    assert pauses(Turns(4, longest_pause_seconds=0.1), 0x8000) == [0.01, 0.02, 0.04]
    assert pauses(Turns(4, longest_pause_seconds=0.1), 0) == [0, 0, 0]
