"""Times as text: every moment of the calendar there and back, in an order that is the order of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadflow.core import clock

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=14))])
MOMENTS = st.datetimes(timezones=ZONES).filter(lambda moment: 1 < moment.year < 9999)


@given(MOMENTS)
def test_a_stamp_is_read_as_the_moment_it_was_made_of(moment: datetime) -> None:
    back = clock.parse(clock.stamp(moment))

    assert timedelta(0) <= moment - back < timedelta(milliseconds=1)


@given(MOMENTS, MOMENTS)
def test_stamps_sort_as_time_does(one: datetime, other: datetime) -> None:
    if one <= other:
        assert clock.stamp(one) <= clock.stamp(other)


@pytest.mark.parametrize("text", ["2026-01-01", "2026-01-01T00:00:00", "soon", "", "0001-01-01T00:00:00+14:00"])
def test_what_names_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of datetime's own words will do
        clock.parse(text)
