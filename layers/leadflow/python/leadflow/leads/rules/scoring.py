"""What signals make of a score.

The score is clamp(0..100, Σ impact × 2^(−age/half-life)). All signals share one half-life, so they all fade by the
same factor and the whole sum needs one number: `engagement`, the sum as it would be at a fixed origin of time, in
fixed point. A signal adds a whole number to it, so the sum is exact and does not depend on the order in which signals
arrive; and two leads are merged by adding their numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

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


def weight(impact: float, at: datetime) -> int:
    """What a signal of this moment adds to the engagement."""
    halvings, rest = _half_lives(at)
    scaled = round(math.ldexp(impact * math.exp2(rest), _FRACTION_BITS))
    return scaled << halvings if halvings >= 0 else scaled >> -halvings


def score(engagement: int, at: datetime) -> int:
    """The score at this moment: the engagement faded until then, rounded half up, within 0 to 100."""
    halvings, rest = _half_lives(at)
    shift = halvings + _FRACTION_BITS
    faded = engagement / (1 << shift) if shift >= 0 else float(engagement << -shift)
    points = math.floor(round(faded * math.exp2(-rest), _SHOWN_DECIMALS) + 0.5)
    return max(LOWEST_SCORE, min(HIGHEST_SCORE, points))


def _half_lives(at: datetime) -> tuple[int, float]:
    """Half-lives between the origin and a moment: whole ones, and the rest from 0 up to 1."""
    whole, rest = divmod(at - _ORIGIN, HALF_LIFE)
    return whole, rest / HALF_LIFE
