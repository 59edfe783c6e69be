"""X28: windows in every zone, held against a walk minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leadflow.core import windows as core_windows
from leadflow.workflows import rules

ZONES = sorted(available_timezones() - {"localtime"})
QUARTERS = [f"{hour:02d}:{minute:02d}" for hour in range(24) for minute in (0, 15, 30, 45)]


@st.composite
def windows(draw: st.DrawFn) -> dict[str, Any]:
    start, end = sorted(draw(st.lists(st.sampled_from([*QUARTERS, "24:00"]), min_size=2, max_size=2, unique=True)))
    days = draw(st.lists(st.sampled_from(core_windows.DAYS), min_size=1, unique=True))
    return {"from": start, "to": end, "days": days, "timezone": draw(st.sampled_from(ZONES))}


moments = st.integers(0, 6 * 366 * 24 * 60).map(lambda n: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=n))


@given(windows(), moments)
@example({"from": "02:00", "to": "02:30", "timezone": "America/New_York"}, datetime(2026, 3, 8, 6, 59, tzinfo=UTC))
@example({"from": "01:00", "to": "01:30", "timezone": "America/New_York"}, datetime(2026, 11, 1, 5, 45, tzinfo=UTC))
@example({"from": "00:30", "to": "01:30", "timezone": "Europe/London"}, datetime(2026, 10, 25, 0, 45, tzinfo=UTC))
@example({"from": "00:00", "to": "01:00", "timezone": "America/Santiago"}, datetime(2026, 9, 6, 3, 0, tzinfo=UTC))
def test_x28_a_window_opens_at_the_first_moment_in_it(window: dict[str, Any], moment: datetime) -> None:
    zone = rules.zone_of(window, None)
    opening = core_windows.opens_at(window, zone, moment)
    assert opening >= moment
    assert core_windows.is_open(window, zone, opening)
    local = opening.astimezone(zone)
    assert core_windows.DAYS[local.weekday()] in window.get("days", core_windows.DAYS)
    assert window["from"] <= f"{local:%H:%M}" < window["to"]
    # Nothing before it was in the window: clocks here change on whole quarters, so quarters are looked at.
    at = moment
    while at < opening:
        assert not core_windows.is_open(window, zone, at)
        at = (at + timedelta(minutes=15)).replace(second=0, microsecond=0)
        at -= timedelta(minutes=at.minute % 15)


@pytest.mark.parametrize("zone", ZONES)
def test_x28_office_hours_open_at_nine_in_every_zone(zone: str) -> None:
    window = {"days": ["mon"], "from": "09:00", "to": "17:00", "timezone": zone}
    opening = rules.wakes_at({"minutes": 0, "window": window}, None, datetime(2026, 9, 8, 12, tzinfo=UTC))
    assert opening is not None
    assert f"{opening.astimezone(ZoneInfo(zone)):%a %H:%M}" == "Mon 09:00"


def test_x28_a_skipped_opening_waits_for_the_first_time_after_it() -> None:
    window = {"from": "02:00", "to": "05:00", "timezone": "America/New_York"}
    opening = core_windows.opens_at(window, ZoneInfo("America/New_York"), datetime(2026, 3, 8, 6, tzinfo=UTC))
    assert opening == datetime(2026, 3, 8, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lead", "expected"), [({"timezone": "Asia/Tokyo"}, 0), ({"timezone": None}, 9), (None, 9), ({}, 9)]
)
def test_the_lead_s_zone_counts_else_utc(lead: dict[str, Any] | None, expected: int) -> None:
    config = {"minutes": 0, "window": {"from": "09:00", "to": "17:00"}}
    opening = rules.wakes_at(config, lead, datetime(2026, 3, 2, 23, 30, tzinfo=UTC))
    assert opening == datetime(2026, 3, 3, expected, tzinfo=UTC)


def test_a_duration_comes_first_then_the_window() -> None:
    config = {"hours": 30, "window": {"from": "09:00", "to": "17:00", "timezone": "UTC"}}
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert rules.wakes_at(config, None, now) == datetime(2026, 3, 4, 9, tzinfo=UTC)
    assert rules.wakes_at(config | {"hours": 24}, None, now) == datetime(2026, 3, 3, 12, tzinfo=UTC)
