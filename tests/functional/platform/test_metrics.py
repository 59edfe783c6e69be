"""What the platform tells CloudWatch of itself: lines in the embedded metric format, with one dimension."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leadflow.channels import store as channels
from leadflow.core import lateness
from leadflow.enrichment.store import sources
from tests.functional.channels.accounts import make
from tests.functional.conftest import Told
from tests.functional.enrichment.sources import World
from tests.functional.platform.test_reconcile import tick
from tests.harness import Clock, call


def test_nothing_is_told_while_nothing_is_wrong(told: Told, clock: Clock) -> None:
    World(clock).put("forager", daily_budget=1)
    make()
    tick()
    assert told() == []


def test_refused_channels_are_told_as_long_as_they_are_in_use(told: Told) -> None:
    first, second = make(), make()
    for channel in (first, second):
        found = channels.find_channel(channel["id"])
        assert found is not None
        channels.note_health(found, healthy=False)
    for _ in range(2):
        tick()
        assert told() == [("UnhealthyChannels", 2)]
    assert call("channels/update_channel", {"is_active": False}, path={"channel_id": first["id"]}).status == 200
    tick()
    assert told() == [("UnhealthyChannels", 1)]


def test_sources_whose_account_is_refused_are_told_until_they_are_asked_again(told: Told, clock: Clock) -> None:
    world = World(clock)
    world.put_all()
    held = {"forager": "credentials_refused", "crustdata": "quota_exhausted", "people_data_labs": "rate"}
    for name, reason in held.items():
        meter = sources.meter(name)
        meter.held_until, meter.held_for = "2026-03-02T09:15:00.000Z", reason
        sources.write(meter, is_new=True)
    tick()
    assert told() == [("StoppedSources", 2)]
    clock.advance(minutes=15)
    tick()
    assert told() == []


@pytest.mark.parametrize(("committed", "budget", "count"), [(899_999, 1, 0), (900_001, 1, 1), (0, None, 0), (0, 0, 0)])
def test_a_budget_that_has_no_room_for_a_request_is_told(
    told: Told, clock: Clock, committed: int, budget: float | None, count: int
) -> None:
    World(clock).put("forager", cost_per_request=0.1, daily_budget=budget)
    day = sources.day_of("forager", "2026-03-02")
    day.committed = committed
    sources.write(day, is_new=True)
    tick()
    assert told() == [("SpentSources", count)][:count]
    clock.advance(days=1)
    tick()
    assert told() == []


def test_what_begins_a_minute_late_is_not_told_and_what_begins_later_is(told: Told, clock: Clock) -> None:
    lateness.begun(clock() - timedelta(seconds=60))
    assert told() == []
    lateness.begun(clock() - timedelta(seconds=61))
    assert told() == [("ScheduleLag", 61)]
