"""When a source may be asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.core import clock
from leadflow.enrichment.rules import metering
from leadflow.enrichment.rules.metering import Meter

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@given(st.integers(1, 600), st.lists(st.floats(0, 300), min_size=1, max_size=60))
def test_no_minute_ever_holds_more_than_the_rate_and_one(rate: int, arrivals: list[float]) -> None:
    meter, slots = Meter(), []
    for number, seconds in enumerate(sorted(arrivals)):
        admission = metering.admit(meter, f"run{number}", None, rate, later(seconds))
        meter = metering.answered(admission.meter, f"run{number}")
        slots.append(clock.parse(str(admission.slot)))

    for begin in slots:
        within = [slot for slot in slots if begin <= slot < begin + timedelta(minutes=1)]
        assert len(within) <= rate + 1


def test_who_comes_at_the_time_it_was_given_is_admitted_without_another() -> None:
    first = metering.admit(Meter(), "a", None, 6, NOW)
    second = metering.admit(metering.answered(first.meter, "a"), "b", None, 6, NOW)

    assert first.is_granted
    assert (second.is_granted, second.wait_until) == (False, clock.stamp(later(10)))
    again = metering.admit(second.meter, "b", second.slot, 6, later(10))
    assert again.is_granted
    assert again.meter.next_at == second.meter.next_at


def test_a_time_that_was_given_at_another_rate_does_not_count() -> None:
    meter = metering.answered(metering.admit(Meter(), "a", None, 1, NOW).meter, "a")
    waiting = metering.admit(meter, "b", None, 1, NOW)
    assert waiting.slot == clock.stamp(later(60))

    changed = replace(waiting.meter, next_at=None)
    assert metering.admit(changed, "b", waiting.slot, 60, later(1)).is_granted
    assert not metering.admit(waiting.meter, "b", waiting.slot, 60, later(1)).is_granted


def test_a_slow_source_takes_only_so_many_workers() -> None:
    meter = Meter()
    for number in range(metering.LANES):
        admission = metering.admit(meter, f"run{number}", None, None, NOW)
        assert admission.is_granted
        meter = admission.meter

    assert metering.admit(meter, "late", None, None, NOW).reason == "busy"
    assert metering.admit(metering.answered(meter, "run0"), "late", None, None, NOW).is_granted
    assert metering.admit(meter, "late", None, None, NOW + metering.LANE_LASTS).is_granted


def test_failures_open_the_circuit_longer_each_time_and_an_answer_closes_it() -> None:
    meter, now, pauses = Meter(), NOW, []
    for _ in range(12):
        meter = metering.failed(meter, "run", now)
        if meter.held_until:
            pauses.append((clock.parse(meter.held_until) - now).total_seconds())
            now = clock.parse(meter.held_until)

    assert pauses == [30, 60, 120, 240, 480, 960, 1800, 1800]
    meter = metering.failed(metering.answered(meter, "run"), "run", now)
    assert (meter.failures, metering.admit(meter, "run", None, None, now).is_granted) == (1, True)


def test_who_waited_for_a_time_within_a_hold_gets_one_after_it() -> None:
    waiting = metering.admit(Meter(next_at=clock.stamp(later(10))), "a", None, 6, NOW)
    held = metering.told_to_wait(waiting.meter, "b", 60, NOW)

    first = metering.admit(held, "a", waiting.slot, 6, later(10))
    second = metering.admit(first.meter, "c", None, 6, later(10))

    assert [first.wait_until, second.wait_until] == [clock.stamp(later(60)), clock.stamp(later(70))]


def test_a_shorter_pause_does_not_shorten_a_longer_one() -> None:
    long = metering.told_to_wait(Meter(), "a", 600, NOW)

    assert metering.told_to_wait(long, "b", 5, NOW).held_until == long.held_until


@pytest.mark.parametrize(
    ("asked", "found", "least", "is_too_little"),
    [(49, 0, 1, False), (50, 0, 0.1, True), (50, 5, 0.1, False), (100, 9, 0.1, True), (50, 0, 0, False)],
)
def test_a_share_is_judged_from_the_fiftieth_on(asked: int, found: int, least: float, is_too_little: bool) -> None:
    assert metering.finds_too_little(asked, found, least) is is_too_little
