"""What signals make of a score.

The score is clamp(0..100, Σ impact × 2^(−age/half-life)). All signals share one half-life, so they all fade by the
same factor and the whole sum needs one number: `engagement`, the sum as it would be at a fixed origin of time, in
fixed point. A signal adds a whole number to it, so the sum is exact and does not depend on the order in which signals
arrive; and two leads are merged by adding their numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

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


def weight(impact: float, at: datetime) -> int:
    """What a signal of this moment adds to the engagement."""
    halvings, rest = _half_lives(at)
    scaled = round(math.ldexp(impact * math.exp2(rest), _FRACTION_BITS))
    return scaled << halvings if halvings >= 0 else scaled >> -halvings


def score(engagement: int, at: datetime) -> int:
    """The score at this moment: the engagement faded until then, rounded half up, within 0 to 100."""
    return max(LOWEST_SCORE, min(HIGHEST_SCORE, _rounded_half_up(points(engagement, at))))


def points(engagement: int, at: datetime) -> float:
    """The engagement faded until this moment, to six decimals: the score before it is rounded and bounded."""
    halvings, rest = _half_lives(at)
    shift = halvings + _FRACTION_BITS
    faded = engagement / (1 << shift) if shift >= 0 else float(engagement << -shift)
    return round(faded * math.exp2(-rest), _SHOWN_DECIMALS)


@dataclass(frozen=True)
class Breakdown:
    """A score taken apart: `parts` in the order of the weights, `rest`, and what they come to on the way to the score.

    As decimals of six places, parts and rest add up to `total` exactly; `rounded` is that half up, `score` within the
    bounds.
    """

    parts: tuple[float, ...]
    rest: float
    total: float
    rounded: int
    score: int


def breakdown(engagement: int, weights: Sequence[int], at: datetime) -> Breakdown:
    """What each of these weights adds to the score at this moment, and what the rest of the engagement adds.

    A part is the difference that its weight makes to the sum so far, so roundings cancel out from part to part.
    """
    so_far = engagement - sum(weights)
    steps = [_in_millionths(so_far, at)]
    for one in weights:
        so_far += one
        steps.append(_in_millionths(so_far, at))
    parts = [(after - before) / _STEPS_OF_A_POINT for before, after in pairwise(steps)]
    total = steps[-1] / _STEPS_OF_A_POINT
    rest = steps[0] / _STEPS_OF_A_POINT
    return Breakdown(tuple(parts), rest, total, _rounded_half_up(total), score(engagement, at))


def fading(at: datetime, until: datetime) -> float:
    """The share of a signal of one moment that is left at a later one, to six decimals."""
    return round(math.exp2((at - until) / HALF_LIFE), _SHOWN_DECIMALS)


def _in_millionths(engagement: int, at: datetime) -> int:
    return round(points(engagement, at) * _STEPS_OF_A_POINT)


def _rounded_half_up(value: float) -> int:
    return math.floor(value + 0.5)


def _half_lives(at: datetime) -> tuple[int, float]:
    """Half-lives between the origin and a moment: whole ones, and the rest from 0 up to 1."""
    whole, rest = divmod(at - _ORIGIN, HALF_LIFE)
    return whole, rest / HALF_LIFE
