"""Decisions about leads and their scores; the modules beside this one hold them by subject."""

from leadflow.leads.rules.changes import differences, merged_consent, retagged
from leadflow.leads.rules.scoring import (
    DEFAULT_IMPACTS,
    HALF_LIFE,
    HIGHEST_SCORE,
    LOWEST_SCORE,
    SIGNAL_TITLES,
    Breakdown,
    breakdown,
    fading,
    score,
    weight,
)

__all__ = [
    "DEFAULT_IMPACTS",
    "HALF_LIFE",
    "HIGHEST_SCORE",
    "LOWEST_SCORE",
    "SIGNAL_TITLES",
    "Breakdown",
    "breakdown",
    "differences",
    "fading",
    "merged_consent",
    "retagged",
    "score",
    "weight",
]
