"""Cron expressions as EventBridge Scheduler takes them.

Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based. Six fields: minutes,
hours, day-of-month, month, day-of-week, year. Days of the week are 1 (SUN) to 7 (SAT). One of day-of-month and
day-of-week is `?`, the other says the day.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

FIRST_YEAR, LAST_YEAR = 1970, 2199
_MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAY_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_SATURDAY, _SUNDAY = 7, 1
# Days of one month that a part of a day field names, by the month's year and number.
_Days = Callable[[int, int], set[int]]


@dataclass(frozen=True)
class Cron:
    """Local times: every minute of these hours of these days of these months of these years."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[_Days, ...]
    months: tuple[int, ...]
    years: tuple[int, ...]

    def times(self, begin: datetime) -> Iterator[datetime]:
        """The local times from the minute of `begin` on, in order; both without a zone."""
        begin = begin.replace(second=0, microsecond=0)
        for day in self._dates(begin.date()):
            for hour in self.hours:
                for minute in self.minutes:
                    moment = datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - a local time
                    if moment >= begin:
                        yield moment

    def _dates(self, begin: date) -> Iterator[date]:
        for year in self.years:
            for month in self.months:
                if (year, month) < (begin.year, begin.month):
                    continue
                for day in sorted(set().union(*(days(year, month) for days in self.days))):
                    if (found := date(year, month, day)) >= begin:
                        yield found


@dataclass(frozen=True)
class _Field:
    """One field: its name, the numbers it takes, and their names from 1 on where they have some."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def numbers(self, text: str) -> tuple[int, ...]:
        """The numbers of a list of values, ranges and steps. Raises ValueError with the reason."""
        return tuple(sorted({number for part in text.split(",") for number in self.part(part)}))

    def part(self, text: str) -> range:
        """The numbers of one value, range or step: `5`, `MON-FRI`, `*`, `0/15`, `1-20/5`."""
        span, slash, step = text.partition("/")
        if slash and not (step.isascii() and step.isdigit() and 1 <= int(step[:6]) <= self.high):
            raise ValueError(f"{self.name}: {text!r} needs a step from 1 to {self.high} after the slash")
        if span == "*":
            return range(self.low, self.high + 1, int(step or 1))
        first, dash, last = span.partition("-")
        begin = self.number(first)
        end = self.number(last) if dash else self.high if slash else begin
        if end < begin:
            raise ValueError(f"{self.name}: the range {span!r} ends before it begins")
        return range(begin, end + 1, int(step or 1))

    def number(self, text: str) -> int:
        """Raises ValueError for what is not a number of this field."""
        if text.upper() in self.names:
            return self.names.index(text.upper()) + 1
        if not (text.isascii() and text.isdigit() and len(text) <= 4 and self.low <= int(text) <= self.high):
            named = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
            raise ValueError(f"{self.name}: {text!r} is not a number from {self.low} to {self.high}{named}")
        return int(text)


_MINUTE = _Field("minutes", 0, 59)
_HOUR = _Field("hours", 0, 23)
_DAY = _Field("day-of-month", 1, 31)
_MONTH = _Field("month", 1, 12, _MONTH_NAMES)
_WEEKDAY = _Field("day-of-week", 1, 7, _WEEKDAY_NAMES)
_YEAR = _Field("year", FIRST_YEAR, LAST_YEAR)


def parse_cron(text: str) -> Cron:
    """The six fields as local times. Raises ValueError with the reason."""
    fields = text.split()
    if len(fields) != 6:
        raise ValueError("cron has six fields: minutes hours day-of-month month day-of-week year")
    minutes, hours, day, month, weekday, year = fields
    if (day == "?") == (weekday == "?"):
        raise ValueError("exactly one of day-of-month and day-of-week must be ?")
    days = tuple(_day_part(part) for part in day.split(",")) if weekday == "?" else None
    return Cron(
        _MINUTE.numbers(minutes),
        _HOUR.numbers(hours),
        days or tuple(_weekday_part(part) for part in weekday.split(",")),
        _MONTH.numbers(month),
        _YEAR.numbers(year),
    )


def _day_part(text: str) -> _Days:
    """One part of day-of-month: numbers, `L` (the last day), `15W` (the weekday nearest to the 15th) or `LW`."""
    upper = text.upper()
    if upper == "L":
        return lambda year, month: {_length(year, month)}
    if upper == "LW":
        return lambda year, month: {_nearest_weekday(year, month, _length(year, month))}
    if upper.endswith("W"):
        near = _DAY.number(text[:-1])
        return lambda year, month: {_nearest_weekday(year, month, near)} if near <= _length(year, month) else set()
    numbers = _DAY.part(text)
    return lambda year, month: {day for day in numbers if day <= _length(year, month)}


def _weekday_part(text: str) -> _Days:
    """One part of day-of-week: numbers or names, `L` (Saturday), `FRIL` (the last Friday), `MON#2` (the second)."""
    upper = text.upper()
    if upper == "L":
        return lambda year, month: set(_days_of(year, month, _SATURDAY))
    if upper.endswith("L"):
        last = _WEEKDAY.number(text[:-1])
        return lambda year, month: {_days_of(year, month, last)[-1]}
    name, hash_, ordinal = text.partition("#")
    if hash_:
        if ordinal not in ("1", "2", "3", "4", "5"):
            raise ValueError(f"day-of-week: {text!r} needs a number from 1 to 5 after #")
        weekday, place = _WEEKDAY.number(name), int(ordinal)
        return lambda year, month: set(_days_of(year, month, weekday)[place - 1 : place])
    numbers = _WEEKDAY.part(text)
    return lambda year, month: {day for number in numbers for day in _days_of(year, month, number)}


def _length(year: int, month: int) -> int:
    return monthrange(year, month)[1]


def _weekday(year: int, month: int, day: int) -> int:
    return date(year, month, day).isoweekday() % 7 + 1


def _days_of(year: int, month: int, weekday: int) -> range:
    """The days of a month that are this day of the week."""
    first = (weekday - _weekday(year, month, 1)) % 7 + 1
    return range(first, _length(year, month) + 1, 7)


def _nearest_weekday(year: int, month: int, day: int) -> int:
    """The day from Monday to Friday nearest to this one, in the same month."""
    weekday = _weekday(year, month, day)
    if weekday == _SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == _SUNDAY:
        return day + 1 if day < _length(year, month) else day - 2
    return day
