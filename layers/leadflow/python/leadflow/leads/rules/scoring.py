"""What signals and fit make of a score.

The score is clamp(0..100, fit + Σ impact × 2^(−age/half-life)). Signals of one type share a half-life, so they all fade
by the same factor and their sum needs one number: what it would be at a fixed origin of time, in fixed point. A signal
adds a whole number to the sum of its type, so sums are exact and do not depend on the order in which signals arrive;
and two leads are merged by adding their sums.

A type may have a cap: the signals of one window of time count at most so many points together. When they come to more,
each counts its share of the cap, which does not depend on their order either.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from typing import Any

HALF_LIFE = timedelta(days=30)
DEFAULT_IMPACTS: Mapping[str, float] = {
    "website_visit": 1,
    "email_open": 2,
    "social_interaction": 2,
    "email_click": 5,
    "chat_message": 5,
    "form_submit": 10,
}
SIGNAL_TITLES: Mapping[str, str] = {
    "website_visit": "Visited a page",
    "email_open": "Opened a mail",
    "social_interaction": "Was active in social media",
    "email_click": "Clicked a link in a mail",
    "chat_message": "Wrote in the chat",
    "form_submit": "Filled in a form",
}
LOWEST_SCORE, HIGHEST_SCORE = 0, 100

_ORIGIN = datetime(2020, 1, 1, tzinfo=UTC)
_FRACTION_BITS = 48
# Finer than any signal counts and coarser than the fixed point, so that a half is a half when it is rounded up.
_SHOWN_DECIMALS = 6
_STEPS_OF_A_POINT = 1_000_000


@dataclass(frozen=True)
class Cap:
    """At most so many points, either way, from signals of one type within one window; windows follow each other."""

    points: float
    window: timedelta


@dataclass(frozen=True)
class TypeRules:
    """What signals of one type count: by default, how fast that fades, and at most."""

    impact: float
    half_life: timedelta = HALF_LIFE
    cap: Cap | None = None


def _default_types() -> dict[str, TypeRules]:
    return {kind: TypeRules(impact) for kind, impact in DEFAULT_IMPACTS.items()}


@dataclass(frozen=True)
class Scoring:
    """What scores are made by. `revision` counts its changes; a fit rule is `{name, if, points}`."""

    revision: int = 0
    types: Mapping[str, TypeRules] = field(default_factory=_default_types)
    fit_rules: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Weighed:
    """A signal as it counts: since when it fades, and the moment that says which window it is in."""

    kind: str
    impact: float
    at: datetime
    moment: datetime


@dataclass(frozen=True)
class Sums:
    """The sums of a lead's signals by type, with what they are as of and what its fit adds."""

    by_type: Mapping[str, int]
    at: datetime
    fit: float = 0


def weight(impact: float, at: datetime, half_life: timedelta = HALF_LIFE) -> int:
    """What a signal of this moment adds to the sum of its type."""
    halvings, rest = _half_lives(at, half_life)
    scaled = round(math.ldexp(impact * math.exp2(rest), _FRACTION_BITS))
    return scaled << halvings if halvings >= 0 else scaled >> -halvings


def summed(signals: Iterable[Weighed], scoring: Scoring) -> dict[str, int]:
    """What signals come to by type, whatever their order; types without any are left out."""
    found: dict[str, int] = {}
    ordered = sorted(signals, key=lambda one: (one.kind, window_of(one, scoring)))
    for (kind, _), group in groupby(ordered, key=lambda one: (one.kind, window_of(one, scoring))):
        found[kind] = found.get(kind, 0) + _counted(list(group), scoring.types[kind])
    return found


def added(new: Weighed, others: Iterable[Weighed], scoring: Scoring) -> int:
    """What a signal adds to the sum of its type, given the others of the window it is in."""
    rules, known = scoring.types[new.kind], list(others)
    return _counted([*known, new], rules) - _counted(known, rules)


def window_of(signal: Weighed, scoring: Scoring) -> int:
    """The number of the window that a signal is in; 0 where its type has no cap."""
    cap = scoring.types[signal.kind].cap
    return (signal.moment - _ORIGIN) // cap.window if cap else 0


def window_begins(number: int, cap: Cap) -> datetime:
    return _ORIGIN + number * cap.window


def share(signals: Sequence[Weighed], rules: TypeRules) -> tuple[int, int]:
    """The part of itself that each of one window's signals counts, as a fraction in millionths of points."""
    if rules.cap is None:
        return 1, 1
    allowed, total = _millionths(rules.cap.points), sum(_millionths(abs(one.impact)) for one in signals)
    return (1, 1) if total <= allowed else (allowed, total)


def _counted(signals: Sequence[Weighed], rules: TypeRules) -> int:
    part, whole = share(signals, rules)
    return sum(weight(one.impact, one.at, rules.half_life) for one in signals) * part // whole


def score(sums: Sums, scoring: Scoring) -> int:
    """The score as of then: the sums faded and the fit, rounded half up, within 0 to 100."""
    total = _millionths(sums.fit) + sum(
        _faded(value, sums.at, scoring.types[kind].half_life) for kind, value in sums.by_type.items()
    )
    return _within(_rounded_half_up(total / _STEPS_OF_A_POINT))


@dataclass(frozen=True)
class Breakdown:
    """A score taken apart: `parts` as they were asked for, `rest`, and what they come to on the way to the score.

    As decimals of six places, parts, rest and fit add up to `total` exactly; `rounded` is that half up, `score` within
    the bounds.
    """

    parts: tuple[float, ...]
    rest: float
    total: float
    rounded: int
    score: int


def breakdown(sums: Sums, weights: Sequence[tuple[str, int]], scoring: Scoring) -> Breakdown:
    """What each of these, by type and what it adds to the type's sum, makes of the score, and what is left makes.

    A part is the difference that it makes to its type's sum so far, so roundings cancel out from part to part.
    """
    rest, found = 0, [0] * len(weights)
    kinds = {*sums.by_type, *(kind for kind, _ in weights)}
    for kind in kinds:
        places = [place for place, (one, _) in enumerate(weights) if one == kind]
        so_far = sums.by_type.get(kind, 0) - sum(weights[place][1] for place in places)
        steps = [_faded(so_far, sums.at, scoring.types[kind].half_life)]
        for place in places:
            so_far += weights[place][1]
            steps.append(_faded(so_far, sums.at, scoring.types[kind].half_life))
        rest += steps[0]
        for place, (before, after) in zip(places, pairwise(steps), strict=True):
            found[place] = after - before
    total = (rest + sum(found) + _millionths(sums.fit)) / _STEPS_OF_A_POINT
    parts = tuple(one / _STEPS_OF_A_POINT for one in found)
    rounded = _rounded_half_up(total)
    return Breakdown(parts, rest / _STEPS_OF_A_POINT, total, rounded, _within(rounded))


def fading(at: datetime, until: datetime, half_life: timedelta = HALF_LIFE) -> float:
    """The share of a signal of one moment that is left at a later one, to six decimals."""
    return round(math.exp2((at - until) / half_life), _SHOWN_DECIMALS)


def _faded(value: int, at: datetime, half_life: timedelta) -> int:
    """A sum faded until this moment, in millionths of a point."""
    halvings, rest = _half_lives(at, half_life)
    shift = halvings + _FRACTION_BITS
    faded = value / (1 << shift) if shift >= 0 else float(value << -shift)
    return _millionths(faded * math.exp2(-rest))


def _millionths(points: float) -> int:
    return round(round(points, _SHOWN_DECIMALS) * _STEPS_OF_A_POINT)


def _rounded_half_up(value: float) -> int:
    return math.floor(value + 0.5)


def _within(value: int) -> int:
    return max(LOWEST_SCORE, min(HIGHEST_SCORE, value))


def _half_lives(at: datetime, half_life: timedelta) -> tuple[int, float]:
    """Half-lives between the origin and a moment: whole ones, and the rest from 0 up to 1."""
    whole, rest = divmod(at - _ORIGIN, half_life)
    return whole, rest / half_life
