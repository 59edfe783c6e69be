"""What each op means: pure functions of a fact, the condition's value and the present, total over both."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

NEGATIONS = {"ne": "eq", "not_in": "in", "not_contains": "contains", "not_exists": "exists"}

_NUMERIC_TEXT = re.compile(r"-?\d{1,30}(\.\d{1,30})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)
_LONGEST_MOMENT = 40


def holds(op: str, fact: object, value: object, now: datetime) -> bool:
    """Whether `fact op value`; a fact without a value satisfies the four negated ops alone."""
    negated = NEGATIONS.get(op)
    return not holds(negated, fact, value, now) if negated else _MEANINGS[op](fact, value, now)


def as_number(value: object) -> Decimal | None:
    """The number that `value` is or, as text, spells; None for anything else, not-a-number and infinities included."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        value = Decimal(repr(value))
    elif isinstance(value, str):
        text = value.strip()
        return Decimal(text) if _NUMERIC_TEXT.fullmatch(text) else None
    return value if isinstance(value, Decimal) and value.is_finite() else None


def as_moment(value: object) -> datetime | None:
    """The moment `value` names; a date is its midnight and a time without an offset is UTC. None for anything else."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time.min, tzinfo=UTC)
    if not isinstance(value, str) or len(value) > _LONGEST_MOMENT:
        return None
    if not (_MOMENT.fullmatch(value) or _DATE.fullmatch(value)):
        return None
    try:
        return as_moment(datetime.fromisoformat(value.upper()))
    except ValueError:  # the shape of a date, but not one: 2026-02-30
        return None


def is_date(value: object) -> bool:
    """A day rather than a moment."""
    return isinstance(value, str) and _DATE.fullmatch(value) is not None


class _Choices:
    """Values to be equal to, folded once, however many facts are held against them."""

    def __init__(self, values: Iterable[object]) -> None:
        self.texts: set[str] = set()
        self.numbers: set[Decimal] = set()
        self.spelled: set[Decimal] = set()
        for value in values:
            if isinstance(value, bool):
                self.texts.add(str(value).casefold())
            elif isinstance(value, str):
                self.texts.add(value.casefold())
                self._add(self.spelled, value)
            else:
                self._add(self.numbers, value)

    def __contains__(self, fact: object) -> bool:
        if isinstance(fact, bool):
            return str(fact).casefold() in self.texts
        if isinstance(fact, str):
            return fact.casefold() in self.texts or as_number(fact) in self.numbers
        number = as_number(fact)
        return number in self.numbers or number in self.spelled

    @staticmethod
    def _add(to: set[Decimal], value: object) -> None:
        number = as_number(value)
        if number is not None:
            to.add(number)


def _equal(fact: object, value: object, _: datetime) -> bool:
    return fact in _Choices([value])


def _one_of(fact: object, value: object, _: datetime) -> bool:
    choices = _Choices(value if isinstance(value, (list, tuple)) else [])
    if isinstance(fact, (list, tuple, set, frozenset)):
        return any(member in choices for member in fact)
    return fact in choices


def _contains(fact: object, value: object, _: datetime) -> bool:
    if isinstance(fact, str):
        return isinstance(value, str) and value.casefold() in fact.casefold()
    if not isinstance(fact, (list, tuple, set, frozenset)):
        return False
    choices = _Choices([value])
    return any(member in choices for member in fact)


def _comparison(compare: Callable[[Decimal, Decimal], bool]) -> _Meaning:
    def meaning(fact: object, value: object, _: datetime) -> bool:
        number, bound = as_number(fact), as_number(value)
        return number is not None and bound is not None and compare(number, bound)

    return meaning


def _affix(test: Callable[[str, str], bool]) -> _Meaning:
    def meaning(fact: object, value: object, _: datetime) -> bool:
        return isinstance(fact, str) and isinstance(value, str) and test(fact.casefold(), value.casefold())

    return meaning


def _before(fact: object, value: object, _: datetime) -> bool:
    moment, bound = as_moment(fact), as_moment(value)
    return moment is not None and bound is not None and moment < bound


def _after(fact: object, value: object, _: datetime) -> bool:
    moment, bound = as_moment(fact), as_moment(value)
    if moment is None or bound is None:
        return False
    # a difference, as the day after the last day there is cannot be named
    return moment - bound >= timedelta(days=1) if is_date(value) else moment > bound


def _within_days(fact: object, value: object, now: datetime) -> bool:
    moment, present, days = as_moment(fact), as_moment(now), as_number(value)
    if moment is None or present is None or days is None:
        return False
    ago = present - moment if days > 0 else moment - present
    return timedelta(0) <= ago <= timedelta(days=abs(int(days)))


def _exists(fact: object, _: object, __: datetime) -> bool:
    """Null, blank text, and an empty list or object are no values."""
    if isinstance(fact, str):
        return bool(fact.strip())
    return fact is not None and (bool(fact) or not isinstance(fact, (Mapping, list, tuple, set, frozenset)))


_Meaning = Callable[[object, object, datetime], bool]
_MEANINGS: dict[str, _Meaning] = {
    "eq": _equal,
    "in": _one_of,
    "contains": _contains,
    "gt": _comparison(lambda number, bound: number > bound),
    "gte": _comparison(lambda number, bound: number >= bound),
    "lt": _comparison(lambda number, bound: number < bound),
    "lte": _comparison(lambda number, bound: number <= bound),
    "starts_with": _affix(str.startswith),
    "ends_with": _affix(str.endswith),
    "before": _before,
    "after": _after,
    "within_days": _within_days,
    "exists": _exists,
}
OPS = frozenset(_MEANINGS) | frozenset(NEGATIONS)
