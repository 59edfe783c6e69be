"""Moments of schedules: against a brute count of minutes in any zone over changes of clocks (X28), and by values."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadflow.core import seams
from leadflow.workflows import rules_calendar as rules
from leadflow.workflows.rules_calendar import Calendar, Rate

ANCHOR = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ZONES = sorted(zone for zone in available_timezones() if not zone.startswith(("posix", "right", "localtime")))


def calendar(schedule: str, zone: str = "UTC") -> Calendar:
    return Calendar.of({"schedule": schedule, "timezone": zone}, ANCHOR)


def first(schedule: str, count: int, zone: str = "UTC", after: str = "2026-03-02T09:00:00") -> list[str]:
    """Local times of the first moments after a local time."""
    begin = datetime.fromisoformat(after).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    moments = islice(calendar(schedule, zone).moments(begin), count)
    return [f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}" for moment in moments]


def changes_of(zone: ZoneInfo, year: int) -> list[datetime]:
    """About when clocks change in a year."""
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(0, 366 * 24, 6)]
    offsets = [moment.astimezone(zone).utcoffset() for moment in hours]
    return [hours[n] for n in range(1, len(hours)) if offsets[n] != offsets[n - 1]]


@st.composite
def edges(draw: st.DrawFn) -> tuple[ZoneInfo, datetime]:
    """A zone and a time near a change of its clocks, where it has any that year."""
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    year = draw(st.integers(1995, 2036))
    around = draw(st.sampled_from(changes_of(zone, year) or [datetime(year, 6, 1, tzinfo=UTC)]))
    return zone, around - timedelta(minutes=draw(st.integers(60, 36 * 60)))


@settings(max_examples=100, deadline=None)
@given(
    edges(),
    st.sets(st.integers(0, 59), min_size=1, max_size=4),
    st.sets(st.integers(0, 23), min_size=1, max_size=24),
)
def test_moments_are_each_matching_local_minute_the_first_time_it_comes(
    edge: tuple[ZoneInfo, datetime], minutes: set[int], hours: set[int]
) -> None:
    zone, begin = edge
    text = f"cron({','.join(map(str, minutes))} {','.join(map(str, hours))} * * ? *)"
    end = begin + timedelta(days=2)
    seen: set[datetime] = set()
    expected = []
    # A day earlier, so that a local time that comes again is known.
    for number in range(-24 * 60, 2 * 24 * 60 + 1):
        moment = begin.replace(second=0, microsecond=0) + timedelta(minutes=number)
        local = moment.astimezone(zone).replace(tzinfo=None)
        if local.second == 0 and local.minute in minutes and local.hour in hours and local not in seen:
            seen.add(local)
            if begin < moment <= end:
                expected.append(moment)

    found = list(takewhile(lambda moment: moment <= end, calendar(text, zone.key).moments(begin)))

    assert found == expected


@settings(max_examples=100, deadline=None)
@given(
    edges(), st.sampled_from(["cron(0/7 * * * ? *)", "cron(30 2 * * ? *)", "rate(13 minutes)", "cron(0 9 ? * 2L *)"])
)
def test_next_after_goes_forward_and_skips_nothing(edge: tuple[ZoneInfo, datetime], text: str) -> None:
    zone, begin = edge
    one = Calendar.of({"schedule": text, "timezone": zone.key}, begin - timedelta(days=1))
    walked, moment = [], begin
    for _ in range(40):
        following = one.next_after(moment)
        assert following is not None
        assert following > moment
        moment = following
        walked.append(moment)
    assert walked == list(islice(one.moments(begin), 40))


@settings(max_examples=100, deadline=None)
@given(
    edges(),
    st.integers(0, 3 * 24 * 60),
    st.sampled_from(["cron(0/7 * * * ? *)", "cron(15 3 * * ? *)", "rate(9 hours)"]),
)
def test_due_is_the_latest_that_has_come_and_counts_the_rest(
    edge: tuple[ZoneInfo, datetime], minutes: int, text: str
) -> None:
    zone, begin = edge
    one = Calendar.of({"schedule": text, "timezone": zone.key}, begin)
    first_moment = next(one.moments(begin))
    now = first_moment + timedelta(minutes=minutes)
    come = [first_moment, *takewhile(lambda moment: moment <= now, one.moments(first_moment))]
    found = rules.due(one, first_moment, now)
    assert (found.at, found.missed) == (come[-1], len(come) - 1)
    assert found.following == one.next_after(now)


def test_after_a_very_long_time_only_the_latest_counts() -> None:
    one = calendar("cron(* 0-11 ? * MON-FRI *)", "Europe/Berlin")
    begin = one.next_after(ANCHOR)
    assert begin is not None
    found = rules.due(one, begin, datetime(2027, 1, 3, 15, 0, tzinfo=UTC))
    assert (found.at, found.missed) == (datetime(2027, 1, 1, 10, 59, tzinfo=UTC), rules.MOST_COUNTED)
    assert found.following == datetime(2027, 1, 3, 23, 0, tzinfo=UTC)


def test_a_time_that_does_not_exist_is_skipped_and_one_that_comes_twice_counts_once() -> None:
    spring = first("cron(30 2 * * ? *)", 3, "America/New_York", "2026-03-07T00:00:00")
    assert spring == ["2026-03-07T02:30", "2026-03-09T02:30", "2026-03-10T02:30"]
    one = calendar("cron(30 1 * * ? *)", "America/New_York")
    autumn = list(islice(one.moments(datetime(2026, 11, 1, 0, 0, tzinfo=UTC)), 2))
    assert autumn == [datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 2, 6, 30, tzinfo=UTC)]
    samoa = first("cron(0 12 * * ? *)", 2, "Pacific/Apia", "2011-12-29T00:00:00")
    assert samoa == ["2011-12-29T12:00", "2011-12-31T12:00"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cron(0 10 * * ? *)", ["2026-03-02T10:00", "2026-03-03T10:00"]),
        ("cron(15 12 * * ? *)", ["2026-03-02T12:15", "2026-03-03T12:15"]),
        ("cron(0 18 ? * MON-FRI *)", ["2026-03-02T18:00", "2026-03-03T18:00"]),
        ("cron(0 8 1 * ? *)", ["2026-04-01T08:00", "2026-05-01T08:00"]),
        ("cron(0/10 * ? * MON-FRI *)", ["2026-03-02T09:10", "2026-03-02T09:20"]),
        ("cron(0/30 20-2 * * ? *)", None),
        ("cron(15 10 ? * 6L 2022-2026)", ["2026-03-27T10:15", "2026-04-24T10:15"]),
        ("cron(0 9 L * ? *)", ["2026-03-31T09:00", "2026-04-30T09:00"]),
        ("cron(0 9 LW * ? *)", ["2026-03-31T09:00", "2026-04-30T09:00"]),
        ("cron(0 9 1W 8 ? *)", ["2026-08-03T09:00", "2027-08-02T09:00"]),
        ("cron(0 9 31W * ? *)", ["2026-03-31T09:00", "2026-05-29T09:00"]),
        ("cron(0 9 ? * 3#2 *)", ["2026-03-10T09:00", "2026-04-14T09:00"]),
        ("cron(0 9 ? * mon#5 *)", ["2026-03-30T09:00", "2026-06-29T09:00"]),
        ("cron(0 9 ? * L *)", ["2026-03-07T09:00", "2026-03-14T09:00"]),
        ("cron(0 9 1,15,L JAN,jun ? *)", ["2026-06-01T09:00", "2026-06-15T09:00"]),
        ("cron(0 0 29 2 ? *)", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        ("cron(0 0 1 1 ? 2030/5)", ["2030-01-01T00:00", "2035-01-01T00:00"]),
        ("cron(5-59/25 9 * * ? *)", ["2026-03-02T09:05", "2026-03-02T09:30"]),
        ("cron(0 0 30 2 ? *)", []),
        ("cron(0 9 * * ? 2025)", []),
        ("rate(1 minute)", ["2026-03-02T09:01", "2026-03-02T09:02"]),
        ("rate(2 hours)", ["2026-03-02T11:00", "2026-03-02T13:00"]),
        ("  rate(1 days) ", ["2026-03-03T09:00", "2026-03-04T09:00"]),
        ("at(2026-03-02T09:00:01)", ["2026-03-02T09:00"]),
        ("at(2026-03-02T09:00:00)", []),
    ],
)
def test_expressions(text: str, expected: list[str] | None) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="ends before it begins"):
            first(text, 2)
    else:
        assert first(text, 2) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("every day", "must be rate"),
        ("cron(0 9 * * ?)", "six fields"),
        ("cron(0 9 * * * *)", "exactly one of day-of-month and day-of-week"),
        ("cron(0 9 ? * ? *)", "exactly one of day-of-month and day-of-week"),
        ("cron(60 9 * * ? *)", "minutes: '60' is not a number from 0 to 59"),
        ("cron(0 24 * * ? *)", "hours: '24'"),
        ("cron(0 9 0 * ? *)", "day-of-month: '0'"),
        ("cron(0 9 32W * ? *)", "day-of-month: '32'"),
        ("cron(0 9 W * ? *)", "day-of-month: ''"),
        ("cron(0 9 * 13 ? *)", "month: '13' is not a number from 1 to 12 or JAN-DEC"),
        ("cron(0 9 ? * SUNDAY *)", "day-of-week: 'SUNDAY' is not a number from 1 to 7 or SUN-SAT"),
        ("cron(0 9 ? * FRI-MON *)", "ends before it begins"),
        ("cron(0 9 ? * 2#6 *)", "from 1 to 5 after #"),
        ("cron(0 9 * * ? 1969)", "year: '1969'"),
        ("cron(0/0 9 * * ? *)", "needs a step"),
        ("cron(*/ 9 * * ? *)", "needs a step"),
        ("cron(0, 9 * * ? *)", "minutes: ''"),
        ("cron(¹ 9 * * ? *)", "minutes: '¹'"),
        ("rate(0 minutes)", "at least 1 minute"),
        ("rate(-5 minutes)", "number and minutes, hours or days"),
        ("rate(1.5 hours)", "number and minutes, hours or days"),
        ("rate(2 weeks)", "number and minutes, hours or days"),
        ("rate(4000 days)", "at most 3660 days"),
        ("at(2026-02-30T09:00:00)", "no time of the calendar"),
        ("at(2026-02-03 09:00:00)", "local time without offset"),
        ("at(2026-02-03T09:00:00Z)", "local time without offset"),
    ],
)
def test_a_wrong_expression_says_why(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        rules.parse(text)


@given(st.text(max_size=60).map(lambda inner: f"cron({inner})") | st.text(alphabet="0123456789*,-/?LW# ", max_size=40))
def test_whatever_is_written_is_a_schedule_or_a_reason(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(rules.parse(text), rules.Schedule)


@given(st.integers(1, 100_000), st.floats(0.5, 1_000_000), st.integers(0, 10**9))
def test_scaled_rates_stay_on_whole_milliseconds(minutes: int, scale: float, later: int) -> None:
    fresh = seams.Seams()
    with seams.installed(fresh):
        from leadflow.core.settings import settings as in_force

        fresh.kept["settings"] = in_force()._replace(time_scale=scale)
        one = Calendar(Rate(timedelta(minutes=minutes)), ZoneInfo("UTC"), ANCHOR)
        moments = list(islice(one.moments(ANCHOR + timedelta(milliseconds=later)), 3))
    assert all(moment.microsecond % 1000 == 0 for moment in moments)
    assert all(later - earlier >= timedelta(seconds=1) for earlier, later in pairwise(moments))
