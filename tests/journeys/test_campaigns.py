"""A campaign that is killed, held and lied to while it runs, on a host of its own; `make chaos` is the long one."""

from __future__ import annotations

from pathlib import Path

from tests.journeys.storm import Storm


def test_a_campaign_in_a_storm_sends_everybody_every_step_once(tmp_path: Path) -> None:
    figures = Storm(tmp_path / "data", seed=2, leads=40, kills=2, per_second=10).run()

    assert figures["twice"] == 0
    assert figures["kills"] == 2
