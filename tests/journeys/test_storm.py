"""A small storm over the whole product in every run of the suite; `make chaos` is the big one, by the same code."""

from __future__ import annotations

from pathlib import Path

from tests.journeys.storm import Storm, works


def test_a_storm_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    storm = Storm(tmp_path / "data", seed=5, leads=10, kills=1, per_second=5, works=works(2))

    found = storm.run()

    assert found["kills"] >= 1
    assert found["faults"], "nothing was struck"
